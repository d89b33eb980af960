import { ApiError } from '../api/http.ts';
import { backoffMs, isRetryable } from './backoff.ts';
import type { WhipSession } from './whip-session.ts';

export type PublisherPhase = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'failed';

export interface PublisherError {
  /** A code of the server, or `ice_failed`, `ended`, `replaced`, `sdp_refused`. */
  readonly code: string;
  readonly message: string;
}

export interface PublisherState {
  readonly phase: PublisherPhase;
  readonly error?: PublisherError;
  readonly publicationId?: string;
  /** Unix ms of the first connection of this publication. */
  readonly since?: number;
}

export interface PublisherOptions {
  readonly connect: (onState: (state: RTCPeerConnectionState) => void, signal: AbortSignal) => Promise<WhipSession>;
  readonly onState: (state: PublisherState) => void;
  readonly random?: () => number;
}

/** No connection so long after the answer: there is no way to the media port. */
export const CONNECT_TIMEOUT_MS = 12_000;
/** ICE often recovers from `disconnected` by itself. */
export const DISCONNECTED_GRACE_MS = 4000;

/** What the server may say about a publication that it has ended; everything else is worth another try. */
const FINAL_REASONS: ReadonlySet<string> = new Set(['closed', 'replaced']);

function toError(error: unknown): PublisherError {
  if (error instanceof ApiError) return { code: error.code, message: error.message };
  return { code: 'sdp_refused', message: error instanceof Error ? error.message : String(error) };
}

/** Keeps one publication up from `start` to `stop`: a connection that breaks is made again. */
export class WhipPublisher {
  readonly #options: PublisherOptions;
  #state: PublisherState = { phase: 'idle' };
  #session: WhipSession | undefined;
  #controller: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get peer(): RTCPeerConnection | undefined {
    return this.#session?.peer;
  }

  get state(): PublisherState {
    return this.#state;
  }

  start(): void {
    this.#attempt = 0;
    this.#drop();
    this.#set({ phase: 'connecting' });
    this.#connect();
  }

  /** Idempotent. */
  stop(): void {
    this.#drop();
    this.#set({ phase: 'idle' });
  }

  /** The server has ended our publication, for this reason. */
  ended(publicationId: string, reason: string): void {
    if (this.#state.publicationId !== publicationId || this.#session === undefined) return;
    if (!FINAL_REASONS.has(reason)) return this.#reconnect(true);
    this.#drop(true);
    this.#set({ phase: 'failed', error: { code: reason === 'replaced' ? 'replaced' : 'ended', message: reason } });
  }

  #connect(): void {
    const controller = new AbortController();
    this.#controller = controller;
    const onState = (state: RTCPeerConnectionState) => !controller.signal.aborted && this.#handleConnection(state);
    this.#timer = setTimeout(
      () => this.#fail({ code: 'ice_failed', message: `no connection within ${CONNECT_TIMEOUT_MS} ms` }),
      CONNECT_TIMEOUT_MS,
    );
    this.#options.connect(onState, controller.signal).then(
      (session) => (controller.signal.aborted ? session.close() : this.#handleAnswer(session)),
      (error: unknown) => !controller.signal.aborted && this.#fail(toError(error)),
    );
  }

  #handleAnswer(session: WhipSession): void {
    this.#session = session;
    const { publicationId } = session;
    this.#set({ ...this.#state, ...(publicationId !== undefined && { publicationId }) });
    if (session.peer.connectionState === 'connected') this.#handleConnection('connected');
  }

  #handleConnection(state: RTCPeerConnectionState): void {
    if (state === 'connected') {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#set({ ...this.#state, phase: 'live', since: this.#state.since ?? Date.now() });
    } else if (this.#state.phase === 'live') {
      if (state === 'failed' || state === 'closed') this.#reconnect();
      if (state === 'disconnected') this.#timer = setTimeout(() => this.#reconnect(), DISCONNECTED_GRACE_MS);
    } else if (state === 'failed') {
      this.#fail({ code: 'ice_failed', message: 'no network path to the media port' });
    }
  }

  #reconnect(gone = false): void {
    this.#drop(gone);
    this.#retry();
  }

  #retry(code?: string): void {
    const { since } = this.#state;
    this.#set({ phase: 'reconnecting', ...(since !== undefined && { since }) });
    this.#timer = setTimeout(() => this.#connect(), backoffMs(this.#attempt++, code, this.#options.random));
  }

  #fail(error: PublisherError): void {
    const wasLive = this.#state.since !== undefined;
    this.#drop();
    // The first try tells what is wrong; somebody who was live wants to be live again.
    if (wasLive && isRetryable(error.code)) return this.#retry(error.code);
    this.#set({ phase: 'failed', error });
  }

  #drop(gone = false): void {
    clearTimeout(this.#timer);
    this.#controller?.abort();
    this.#session?.close(gone);
    this.#session = undefined;
  }

  #set(state: PublisherState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
