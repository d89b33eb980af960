/** Where text messages over WebSocket come from and go to, whatever their protocol. */

/** One client over one WebSocket. */
export interface Peer {
  readonly address: string;
  readonly userAgent: string;
  /** `?token=`, or Authorization: Bearer. */
  readonly token: string | undefined;
  /** Of the URL that was asked for. */
  readonly query: URLSearchParams;
  /** `Origin` of a page; undefined for other clients. */
  readonly origin: string | undefined;
  /** The connection is wss. */
  readonly secure: boolean;
  readonly closed: boolean;
  /** One text message. A peer that leaves `maxBackpressureBytes` unread is cut off instead. */
  send(text: string): void;
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

/** Who sends an HTTP request. */
export interface Caller {
  readonly address: string;
  readonly userAgent: string;
  readonly token: string | undefined;
  readonly query: URLSearchParams;
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
  refuse(reason: string): HttpReply;
}

export interface WebSocketListen {
  readonly address: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Present for wss and HTTPS; texts in PEM. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly passPhrase: string };
}
