import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { z } from 'zod';
import type { OwnGroups, Platform, Snapshots } from '../gb28181/index.ts';
import type { Streams } from '../stream/index.ts';
import type { Logger } from '../util/index.ts';
import type { ApiRoomActors } from './room-actors.ts';
import type { ApiCalls, ApiIceServers, ApiRooms } from './rooms-types.ts';
import type { callStatisticsSchema } from './schemas/call-statistics.ts';
import type { downloadSchema } from './schemas/playback.ts';
import type { recordingSchema } from './schemas/recording.ts';

/** A row of srs-sip's `media_servers`; times as `2025-10-15T16:04:35Z`. */
export interface MediaServer {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly ip: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly secret: string;
  readonly isDefault: boolean;
  readonly createdAt: string;
}

export type NewMediaServer = Omit<MediaServer, 'id' | 'createdAt'>;

/** Persistence of media servers that clients add besides ourselves. Ids start at 2: 1 is the gateway's own row. */
export interface MediaServerStore {
  /** Newest first. */
  list(): MediaServer[];
  /** A default one takes the mark from every other row. */
  add(server: NewMediaServer): MediaServer;
  /** Returns false for an unknown id. */
  remove(id: number): boolean;
  /** Marks one row, or none with `undefined`; returns false for an unknown id. */
  setDefault(id: number | undefined): boolean;
}

/** How a stream is to be fetched from an RTSP server. */
export interface NewPull {
  readonly name: string;
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly transport: 'auto' | 'tcp' | 'udp';
  readonly onDemand: boolean;
}

/** A stream that is fetched from an RTSP server, and how that goes. */
export interface PullView {
  readonly name: string;
  readonly url: string;
}

export type PullListEvents = {
  /** A pull was added or removed, or has changed its state. */
  changed: [name: string];
};

/** Streams that are fetched from RTSP servers. */
export interface PullList extends EventEmitter<PullListEvents> {
  /** By name. */
  list(): readonly PullView[];
  /** By name, with or without app. */
  get(name: string): PullView | undefined;
  /** @throws GatewayError `pull_invalid`, `stream_name_invalid`, `pull_exists`, `stream_taken`, `pull_limit` */
  add(pull: NewPull): PullView;
  /** Returns false for an unknown name. */
  remove(name: string): boolean;
}

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
/** As the schema of the responses has it. */
type RecordingView = DeepReadonly<z.infer<typeof recordingSchema>>;

/** A file of a recording, opened. */
export interface RecordedFile {
  readonly fileName: string;
  readonly container: 'mp4' | 'webm';
  /** What is complete so far. */
  readonly bytes: number;
  readonly etag: string;
  /** What a client has may be less than what is there. */
  readonly growing: boolean;
  readonly modifiedAt: number;
  /** Both ends included. */
  read(start: number, end: number): Readable;
  /** Idempotent. */
  close(): Promise<void>;
}

/** What the API needs of the recordings; `Recordings` of src/record is one. Errors are GatewayErrors. */
export interface ApiRecordings extends EventEmitter<{
  changed: [recording: RecordingView];
  removed: [removed: { readonly id: string }];
}> {
  readonly counters: {
    readonly running: number;
    readonly bytes: number;
    readonly packets: number;
    readonly packetsLost: number;
    readonly failed: number;
  };
  start(request: {
    readonly stream: string;
    readonly fileName?: string;
    readonly segmentMinutes?: number;
    readonly requestedBy: 'api';
  }): Promise<RecordingView>;
  stop(id: string): Promise<RecordingView>;
  get(id: string): RecordingView | undefined;
  list(query: {
    readonly stream?: string;
    readonly state?: RecordingView['state'];
    readonly from?: number;
    readonly to?: number;
    readonly text?: string;
    readonly page: number;
    readonly limit: number;
  }): { readonly items: readonly RecordingView[]; readonly total: number; readonly totalBytes: number };
  delete(id: string): Promise<void>;
  openFile(id: string, index: number): Promise<RecordedFile | undefined>;
}

type DownloadView = DeepReadonly<z.infer<typeof downloadSchema>>;

/** What the API needs of the downloads; `Downloads` of src/record is one. Errors are GatewayErrors. */
export interface ApiDownloads {
  readonly counters: { readonly running: number; readonly ended: Readonly<Record<string, number>> };
  start(
    request: {
      readonly deviceId: string;
      readonly channelId: string;
      readonly fromMs: number;
      readonly toMs: number;
      readonly speed: number;
    },
    signal?: AbortSignal,
  ): Promise<DownloadView>;
  /** Another download, of what one that has ended lacks. */
  resume(id: string, signal?: AbortSignal): Promise<DownloadView>;
  /** Newest first. */
  list(): readonly DownloadView[];
  get(id: string): DownloadView | undefined;
  /** Returns false for an unknown one. */
  stop(id: string): Promise<boolean>;
}

/** The days that are asked for, `2026-11-21`; absent: today. */
interface CallDays {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Figures of the RoomServer's calls. Errors are GatewayErrors, `date_range_invalid` for days that are none. */
export interface ApiCallStatistics {
  read(days: CallDays): Promise<DeepReadonly<z.infer<typeof callStatisticsSchema>>>;
  report(days: CallDays): Promise<{ readonly fileName: string; readonly html: string; readonly csv: string }>;
}

/** Who may log in, and what tokens are signed with. */
export interface Credentials {
  verify(username: string, password: string): Promise<boolean>;
  readonly signingKey: Uint8Array;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly problems: string[];
}

/** CPU time and memory of one worker process or media thread, since its start. */
export interface ProcessUsage {
  readonly id: string;
  readonly cpuSeconds: number;
  readonly residentBytes?: number;
}

/** What else is served on the HTTP ports: WebSockets, and requests for their paths. False = not one of its paths. */
export interface WebSocketSide {
  /** WebSockets that it takes at the same time. */
  readonly maxConnections: number;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
}

/** Rows about calls on their way into the database. */
export interface CallRecordsUsage {
  readonly connected: boolean;
  readonly written: number;
  readonly pending: number;
  readonly spooledBytes: number;
  readonly dropped: number;
}

/** What pms's signalling holds. */
export interface PmsUsage {
  /** WebSockets. */
  readonly connections: number;
  readonly sessions: number;
}

/** Figures that only the composition root can gather. */
export interface MetricsSnapshot {
  readonly workers: readonly ProcessUsage[];
  readonly mediaThreads: ReadonlyArray<ProcessUsage & { readonly ingests: number }>;
  readonly supervised?: readonly SupervisedUsage[];
  readonly calls?: CallRecordsUsage;
  /** Absent where all its ports are off. */
  readonly pms?: PmsUsage;
  /** Connections for WebSockets that were not taken, or cut off, by reason. */
  readonly refusedConnections?: Readonly<Record<string, number>>;
}

/** Processes or threads that are started anew when they die. */
export interface SupervisedUsage {
  readonly kind: string;
  /** Since the start. */
  readonly deaths: number;
  /** Dead and not back yet. */
  readonly missing: number;
}

export interface ApiParts {
  readonly platform: Platform;
  readonly snapshots: Snapshots;
  readonly groups: OwnGroups;
  readonly streams: Streams;
  readonly mediaServers: MediaServerStore;
  readonly pulls: PullList;
  readonly recordings: ApiRecordings;
  readonly downloads: ApiDownloads;
  readonly roomActors?: ApiRoomActors;
  readonly iceServers: ApiIceServers;
  readonly callStatistics: ApiCallStatistics;
  readonly webSockets?: WebSocketSide;
  readonly credentials: Credentials;
  readonly rooms: ApiRooms;
  readonly calls: ApiCalls;
  readonly health: () => HealthReport;
  readonly metrics: () => Promise<MetricsSnapshot>;
  readonly log: Logger;
}

/** `srs` is the second port, where SRS's players look for the API; `tls` the one with HTTPS. */
export type ListenPurpose = 'main' | 'srs' | 'tls';

export interface ListenOptions {
  readonly address: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly purpose: ListenPurpose;
  /** Present for HTTPS; texts in PEM. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly passPhrase: string };
}

/** What an operator types into a camera's GB28181 page. */
export interface SipConnectInfo {
  readonly serial: string;
  readonly realm: string;
  /** Addresses of this machine that a camera may reach, best first. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly transports: ReadonlyArray<'UDP' | 'TCP'>;
  readonly authRequired: boolean;
  /** Only ever shown to an administrator. */
  readonly password?: string;
}

export interface ApiOptions {
  readonly listen: readonly ListenOptions[];
  /** Folder of the built console; absent = no console. */
  readonly webRoot?: string;
  readonly auth: {
    readonly enable: boolean;
    readonly tokenTtlMs: number;
    readonly playTokenTtlMs: number;
    /** What media nodes show; default empty = only the administrator may speak for them. */
    readonly nodeToken?: string;
  };
  readonly version: string;
  readonly demo: boolean;
  /** Paths of the WebSockets of `webSockets` that the console uses. */
  readonly roomPaths: { readonly meeting: string; readonly call: string };
  /** Addresses that browsers reach us at; the Host header of a request goes first. */
  readonly candidates: readonly string[];
  /** Whose X-Forwarded headers are believed: addresses and blocks; default nobody's. */
  readonly trustedProxies?: readonly string[];
  readonly sip: SipConnectInfo;
  /** Tiles of the console's map; an empty URL = none. */
  readonly map: { readonly tileUrl: string; readonly attribution: string };
  /** What the upload address of snapshots begins with; empty or absent = found for each device. */
  readonly snapshotUploadUrl?: string;
  /** The configuration in force, secrets already redacted. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** srs-sip's clients give up after 10 s; default 9000. */
  readonly inviteDeadlineMs?: number;
  /** Failed logins from one address per minute; default 10. */
  readonly loginFailuresPerMinute?: number;
  /** Open event streams at the same time; default 200. */
  readonly eventListeners?: number;
  /** Comment lines on event streams; default 15000. */
  readonly eventHeartbeatMs?: number;
  /** A header must be complete after that; default 10000. A whole request has three times as long. */
  readonly headersTimeoutMs?: number;
  /** Connections of each port, those of `webSockets` not counted; default 10000. */
  readonly maxConnections?: number;
  /** Of these, those of one source; trusted proxies have no bound. Default 5000. */
  readonly maxConnectionsPerSource?: number;
}

export interface ListenAddress {
  readonly purpose: ListenPurpose;
  readonly address: string;
  readonly port: number;
}

/** The HTTP side, listening. */
export interface Api {
  readonly addresses: readonly ListenAddress[];
  /** Ends event streams, lets running requests finish for at most a second. Idempotent. */
  close(): Promise<void>;
}
