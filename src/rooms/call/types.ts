import type { Logger } from '../../util/index.ts';
import type { PeerLimits, PostRoute, WebSocketProtocol } from '../../websocket/index.ts';
import type { RoomRights } from '../rights-types.ts';
import type { CallRecords } from './record-types.ts';

/** The browser's RTCConfiguration as seed 002 §6.3 sends it. */
export interface RtcConfiguration {
  readonly bundlePolicy: string;
  readonly iceServers: ReadonlyArray<{
    readonly credential: string;
    readonly urls: readonly string[];
    readonly username: string;
  }>;
  readonly iceTransportPolicy: string;
  readonly rtcpMuxPolicy: string;
}

/** Two users who are about to talk. */
export interface IcePair {
  readonly addresses: readonly [string, string];
  /** 0 audio, 1 audio and video, 2 video, 3 none. */
  readonly talkTypes: readonly [number, number];
  /** Whom a time-limited account is for. */
  readonly user: string;
}

export interface IceChoice {
  readonly config: RtcConfiguration;
  /** Of the server in it; empty = none lives. */
  readonly iceIp: string;
  /** False: no server has room to relay. */
  readonly relays: boolean;
}

/** What the calls need of the ICE servers; `Ice` of src/rooms/ice is one. */
export interface CallIce {
  /** Chooses a server for a pair. Never throws. */
  rtcConfigFor(pair: IcePair): IceChoice;
  /** Address and port of the server that a user of that address would get; empty = none lives. */
  serverFor(address: string): string;
  /** iceRegister, iceDeregister and iceReportRxTxRate; answers in the words of the original. Never throws. */
  handle(message: unknown, caller: { readonly address: string; readonly token: string | undefined }): string;
}

/** One application that may log in; no domains = from pages of everywhere. */
export interface CallApp {
  readonly appId: string;
  readonly domains: readonly string[];
}

export interface CallOptions {
  readonly location: string;
  readonly loginLocation: string;
  readonly limits: PeerLimits;
  /** Users of one room. */
  readonly capacity: number;
  /** Users of all rooms; default 20,000. */
  readonly maxUsers?: number;
  readonly keepLiveTimeoutMs: number;
  readonly reportStatsIntervalMs: number;
  readonly tokenWarningMs: number;
  /** Cents for each begun minute of a connected pair. */
  readonly costPerMinute: number;
  /** Empty = every appId. */
  readonly apps: readonly CallApp[];
}

export interface CallParts {
  readonly rights: RoomRights;
  readonly records: CallRecords;
  readonly ice: CallIce;
  readonly log: Logger;
}

/** One user of a running room. */
export interface CallUser {
  readonly uid: string;
  readonly uname: string;
  readonly userType: number;
  readonly talkType: number;
  readonly sessionId: string;
  /** Unix ms. */
  readonly joinedAt: number;
  /** Has a WebSocket at the moment. */
  readonly online: boolean;
}

export interface CallRoom {
  readonly appId: string;
  readonly roomId: string;
  readonly roomName: string;
  readonly users: readonly CallUser[];
  /** Pairs of users that have told that they are connected. */
  readonly connectedPairs: number;
}

export interface CallCounts {
  readonly rooms: number;
  readonly users: number;
  /** Pairs of users in the same room. */
  readonly pairs: number;
  readonly connectedPairs: number;
}

/** The RoomServer and the login server of seed 002. */
export interface Calls {
  readonly protocol: WebSocketProtocol;
  readonly login: WebSocketProtocol & PostRoute;
  readonly counts: CallCounts;
  /** At most `limit` running rooms, oldest first. */
  rooms(limit: number): CallRoom[];
  /** Ends every session in the records. Idempotent. */
  close(): void;
}
