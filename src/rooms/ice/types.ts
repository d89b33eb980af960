import type { PostRoute } from '../../websocket/index.ts';

/** An entry of RTCConfiguration.iceServers, in the order of seed 002 §6.3. */
export interface RtcIceServer {
  readonly credential: string;
  readonly urls: readonly string[];
  readonly username: string;
}

/** What a browser makes its RTCPeerConnection of, seed 002 §6.3. */
export interface RtcConfig {
  readonly bundlePolicy: string;
  /** Empty: no server lives; peers may still reach one another directly. */
  readonly iceServers: readonly RtcIceServer[];
  readonly iceTransportPolicy: string;
  readonly rtcpMuxPolicy: string;
}

export interface RtcConfigRequest {
  /** Of both peers, IPv4 or IPv6. */
  readonly addresses: readonly [string, string];
  /** Of both peers: 0 audio, 1 audio and video, 2 video, 3 none. */
  readonly talkTypes: readonly [number, number];
  /** Marks time-limited accounts, for coturn's log. */
  readonly user: string;
}

export interface RtcConfigChoice {
  readonly config: RtcConfig;
  /** Address of the server in it; empty = none lives. */
  readonly iceIp: string;
  /** The server in it relays; false: none with room is left, this one is for STUN only. */
  readonly relays: boolean;
}

/** A server that relays and tells peers their addresses. */
export interface IceServer {
  /** IP address or host name; the key of the list. */
  readonly ip: string;
  /** As it registered; of no consequence. */
  readonly iceType: string;
  readonly bundlePolicy: string;
  readonly rtcpMuxPolicy: string;
  readonly iceTransportPolicy: string;
  /** 0 = none. */
  readonly turnPort: number;
  /** 0 = none. */
  readonly stunPort: number;
  /** kbit/s. */
  readonly maxBandwidth: number;
  /** A fixed account; empty = a time-limited one by the shared secret. */
  readonly username: string;
  readonly credential: string;
  /** As the geo-database has it; empty = unknown. */
  readonly country: string;
}

/** One server at this moment. */
export interface IceServerState {
  readonly ip: string;
  readonly turnPort: number;
  readonly stunPort: number;
  readonly country: string;
  /** kbit/s, as `rxRate`, `txRate` and `reserved`. */
  readonly maxBandwidth: number;
  readonly rxRate: number;
  readonly txRate: number;
  /** Handed out and not yet seen in a report. */
  readonly reserved: number;
  /** From the configuration: never times out; not listed while it has failed. */
  readonly configured: boolean;
  /** Unix ms of the last report or registration; undefined: none came. */
  readonly heardAt: number | undefined;
  /** Pairs that got this server. */
  readonly handedOut: number;
}

/** Why a server left: it fell silent, its agent says it does not answer, or it was taken out on purpose. */
export type IceDownReason = 'silent' | 'failed' | 'deregistered';

export interface IceServersEvents {
  /** A server that was not in the list registered, or is back in it. */
  up: [ip: string];
  down: [ip: string, reason: IceDownReason];
}

/** The texts of the original's `/icebandwidthload`; the last two are ours. */
export type IceAnswer =
  | 'successful'
  | 'ice_no_found'
  | 'ice_full_loading'
  | 'ice_json_parse_falied'
  | 'ice_have_registered'
  | 'ice_not_allowed'
  | 'ice_too_often';

/** Where commands come from. */
export interface IceCaller {
  readonly address: string;
  readonly token: string | undefined;
}

/** The ICE servers of calls. */
export interface Ice {
  /** Chooses a server for a pair and reserves what it needs. Never throws. */
  rtcConfigFor(request: RtcConfigRequest): RtcConfigChoice;
  /** Address and TURN port of the server that a user of that address would get; empty = none lives. */
  serverFor(address: string): string;
  /** iceRegister, iceDeregister, iceReportRxTxRate as parsed JSON. Never throws. */
  handle(message: unknown, caller: IceCaller): IceAnswer;
  /** The same over HTTP POST `/icebandwidthload`. */
  readonly route: PostRoute;
  servers(): IceServerState[];
  on<K extends keyof IceServersEvents>(event: K, listener: (...args: IceServersEvents[K]) => void): unknown;
  /** Idempotent. */
  close(): void;
}

export interface IceOptions {
  readonly servers: readonly IceServer[];
  /** A registered server silent for so long leaves the list. */
  readonly keepLiveTimeoutMs: number;
  /** coturn's static-auth-secret; empty = none. */
  readonly sharedSecret: string;
  readonly credentialLifetimeMs: number;
  /** MaxMind database file; empty = by subnet. */
  readonly geoDatabase: string;
  /** `relay` overrides what servers register. */
  readonly transportPolicy: 'all' | 'relay';
  /** What a registration must show; empty = nobody may register, unless `open`. */
  readonly registrationToken: string;
  /** Without a token everybody may register: the gateway asks nobody for a login. */
  readonly open: boolean;
  readonly maxMessageBytes: number;
  readonly messageRate: number;
}
