import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpClient } from '../util/index.ts';
import type { RefusedConnections } from './refused.ts';

/** One client over one WebSocket. */
export interface Peer extends Caller {
  readonly closed: boolean;
  /** One text message. A peer that leaves `maxBackpressureBytes` unread is cut off instead. */
  send(text: string): void;
  /** Whether it is still there: asks for a pong, and is content with anything that comes in time. Never rejects. */
  answers(withinMs: number): Promise<boolean>;
  /** Sends what waits, then a close frame (RFC 6455 §7.4); `handleClose` follows. Idempotent. */
  close(code: number, reason: string): void;
}

/** What a protocol does with one peer. */
export interface PeerHandler {
  /** Must neither throw nor reject; while a promise runs the message counts as pending. */
  handleMessage(text: string): void | Promise<void>;
  /** A message over a bound was not handled; says which, for the peer. Who goes on is cut off. */
  handleRefused(reason: string): void;
  /** Once, however it ended. */
  handleClose(): void;
}

export interface PeerLimits {
  /** A WebSocket from which nothing, not even a pong, has come for so long is closed. */
  readonly idleTimeoutMs: number;
  /** A WebSocket without a message for so long is closed; 0 = never. */
  readonly messageTimeoutMs: number;
  readonly maxPayloadBytes: number;
  /** A WebSocket that leaves so much unread is closed. */
  readonly maxBackpressureBytes: number;
  /** Messages per second of one WebSocket, with a burst of twice as many. */
  readonly messageRate: number;
  /** Messages of one WebSocket that wait for their answers; default 64. */
  readonly maxPending?: number;
  /** WebSockets of this protocol at the same time. */
  readonly maxConnections: number;
  /** Each message waits until the one before it of the same peer has been handled. */
  readonly ordered: boolean;
}

/** A protocol that WebSockets speak at one path. */
export interface WebSocketProtocol {
  /** With or without a final slash. */
  readonly location: string;
  readonly limits: PeerLimits;
  connect(peer: Peer): PeerHandler;
}

/** Who sends a request; behind a trusted proxy the client's, not the proxy's. */
export interface Caller extends HttpClient {
  readonly userAgent: string;
  /** `?token=`, or Authorization: Bearer. */
  readonly token: string | undefined;
  /** Of the URL that was asked for. */
  readonly query: URLSearchParams;
  /** `Origin` of a page; undefined for other clients. */
  readonly origin: string | undefined;
}

export interface HttpReply {
  /** Default 200. */
  readonly status?: number;
  /** Default application/json. */
  readonly contentType?: string;
  readonly body: string;
}

/** A path that takes one text by HTTP POST and answers it. */
export interface PostRoute {
  readonly location: string;
  readonly maxPayloadBytes: number;
  /** Requests per second of one address, with a burst of twice as many. */
  readonly messageRate: number;
  /** Must not reject. */
  handle(text: string, caller: Caller): Promise<HttpReply>;
  /** The answer to a request over a bound. */
  refuse(reason: string, bound: 'too_many_messages' | 'message_too_large'): HttpReply;
}

export interface WebSocketListen {
  readonly address: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Present for wss and HTTPS; texts in PEM. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly passPhrase: string };
}

/** All that speak WebSocket or take a POST, whichever port a request came in by. */
export interface WebSocketHub {
  /** WebSockets of all protocols. */
  readonly connections: number;
  /** As many as there may be of all protocols. */
  readonly maxConnections: number;
  readonly refused: RefusedConnections;
  /** For the ports: a connection was not taken. */
  countRefused(reason: keyof RefusedConnections): void;
  /** Whether the address is that of a trusted proxy. */
  isProxy(address: string): boolean;
  /** Takes a WebSocket for one of the paths. False: the path is none of them, the socket is untouched. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Answers a request for one of the paths. False: the path is none of them, nothing was answered. */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
  /** Says goodbye to all peers. Idempotent. */
  close(): void;
}

/** Ports that serve a hub, listening. */
export interface WebSocketPorts {
  readonly addresses: ReadonlyArray<{ readonly address: string; readonly port: number; readonly tls: boolean }>;
  /** Idempotent; does not close the hub. */
  close(): Promise<void>;
}
