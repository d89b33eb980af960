import type { RefusedConnections, WebSocketListen } from '../websocket/index.ts';
import type { MuteChange } from './messages.ts';

export interface PmsOptions {
  readonly listen: readonly WebSocketListen[];
  /** Path of the WebSocket and of HTTP POST. */
  readonly location: string;
  /** A WebSocket from which nothing, not even a pong, has come for so long is closed. */
  readonly idleTimeoutMs: number;
  /** A WebSocket without a message (stream.heartbeat will do) for so long is closed; 0 = never. */
  readonly heartbeatTimeoutMs: number;
  readonly maxPayloadBytes: number;
  /** A WebSocket that leaves so much unread is closed. */
  readonly maxBackpressureBytes: number;
  /** Messages per second of one WebSocket, or of one address by HTTP POST. */
  readonly messageRate: number;
  /** Default 10000. */
  readonly maxConnections?: number;
  /** Default 20000. */
  readonly maxSessions?: number;
  /** Whose X-Forwarded headers are believed; default nobody's. */
  readonly trustedProxies?: readonly string[];
}

export interface MuteState {
  readonly video: boolean;
  readonly audio: boolean;
}

export interface StreamHandle {
  readonly id: string;
  readonly answer: string;
}

/** What the signalling needs of the streams; `Streams` of src/stream is one. */
export interface PmsStreams {
  publish(name: string, request: PublishOffer): Promise<StreamHandle>;
  view(name: string, request: PlayOffer): Promise<StreamHandle>;
  mute(id: string, change: MuteChange): Promise<MuteState | undefined>;
  closePublication(id: string): boolean;
  closeViewer(id: string): boolean;
  find(name: string): { readonly name: string } | undefined;
  on(event: 'publicationClosed' | 'viewerClosed', listener: (closed: HandleClosed) => void): unknown;
  off(event: 'publicationClosed' | 'viewerClosed', listener: (closed: HandleClosed) => void): unknown;
}

export interface PlayOffer {
  readonly offer: string;
  readonly remoteAddress: string;
  readonly userAgent: string;
  /** Member of a room by whose token it is published or played. */
  readonly owner?: string | undefined;
}

export interface PublishOffer extends PlayOffer {
  readonly maxBitrateBps?: number;
}

export interface HandleClosed {
  readonly id: string;
  readonly reason: string;
}

/** What the record commands need of the recordings; `Recordings` of src/record is one. */
export interface PmsRecordings {
  start(request: {
    readonly stream: string;
    readonly fileName?: string;
    readonly requestedBy: 'pms';
  }): Promise<{ readonly files: ReadonlyArray<{ readonly fileName: string }> }>;
  stopStream(
    stream: string,
    which: { readonly requestedBy: 'pms'; readonly fileName?: string },
  ): Promise<ReadonlyArray<{ readonly files: ReadonlyArray<{ readonly fileName: string }> }>>;
}

export interface RecordCommandOptions {
  readonly address: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Requests per second of one address. */
  readonly messageRate: number;
  /** Pages of browsers may use the port; only where a token is asked for. */
  readonly allowPages: boolean;
  /** Whose X-Forwarded headers are believed; default nobody's. */
  readonly trustedProxies?: readonly string[];
  /** Of 500 connections, those of one source; trusted proxies have no bound. Default 125. */
  readonly maxConnectionsPerSource?: number;
}

/** The port of `record.start` and `record.stop`, listening. */
export interface RecordCommands {
  readonly address: { readonly address: string; readonly port: number };
  /** Idempotent. */
  close(): Promise<void>;
}

/** Who may do what; `StreamRights` of src/api is one. */
export interface PmsRights {
  check(token: string | undefined, right: 'play' | 'publish', stream: string): Promise<'ok' | 'none' | 'other'>;
  /** The member of a room whose token this is. */
  memberOf(token: string | undefined): Promise<string | undefined>;
}

export interface Pms {
  readonly addresses: ReadonlyArray<{ readonly address: string; readonly port: number; readonly tls: boolean }>;
  readonly connections: number;
  readonly refused: RefusedConnections;
  readonly sessions: number;
  /** Idempotent. */
  close(): Promise<void>;
}
