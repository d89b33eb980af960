import type { EventEmitter } from 'node:events';

/** A stream that is to be announced to an RTSP server. */
export interface PushRequest {
  /** `<app>/<name>`. */
  readonly stream: string;
  /** `rtsp://[user[:password]@]host[:port]/path`. */
  readonly url: string;
}

/** `failed`: the latest attempt did, another one follows. */
export type PushState = 'connecting' | 'recording' | 'failed' | 'ended';

export type PushEvents = {
  /** Its state has changed. */
  changed: [];
};

/** One stream on its way to an RTSP server, until it is closed; a stream that ends is waited for. */
export interface Push extends EventEmitter<PushEvents> {
  readonly stream: string;
  /** Without an account and the secrets of its query. */
  readonly url: string;
  readonly state: PushState;
  /** Why the latest attempt or connection ended; undefined after a success. */
  readonly failure: { readonly code: string; readonly message: string } | undefined;
  /** Idempotent, never rejects. */
  close(): Promise<void>;
}

/** Streams that are handed to RTSP servers. */
export interface Pushes {
  /** Whether a URL is one of an RTSP server. @throws PushInvalidError */
  check(url: string): void;
  /** Goes on by itself; a server that is lost and a stream that is gone are tried again. @throws PushInvalidError, PushLimitError */
  start(request: PushRequest): Push;
  /** Ends all of them. Idempotent. */
  close(): Promise<void>;
}
