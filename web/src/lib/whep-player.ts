import { ApiError } from '../api/http.ts';
import { backoffMs, isRetryable } from './backoff.ts';
import type { WhepEvents, WhepSession } from './whep-session.ts';

export type PlayerPhase = 'connecting' | 'playing' | 'reconnecting' | 'failed' | 'stopped';

export interface PlayerError {
  readonly code: string;
  readonly message: string;
  readonly playId?: string;
  readonly sipStatus?: number;
}

export interface PlayerState {
  readonly phase: PlayerPhase;
  readonly error?: PlayerError;
  /** Unix ms of the next try. */
  readonly retryAt?: number;
  readonly viewerId?: string;
  readonly playId?: string;
  /** From the start of this try to its first decoded frame. */
  readonly firstFrameMs?: number;
}

export interface PlayerOptions {
  readonly connect: (events: WhepEvents, signal: AbortSignal) => Promise<WhepSession>;
  readonly onState: (state: PlayerState) => void;
  /** A new try has a new stream. */
  readonly onTrack: (track: MediaStreamTrack) => void;
  readonly onFirstFrame: (viewerId: string, afterMs: number) => void;
  readonly random?: () => number;
}

/** No frame so long after the answer: this try has failed. */
export const FIRST_FRAME_TIMEOUT_MS = 10_000;
/** ICE often recovers from `disconnected` by itself. */
export const DISCONNECTED_GRACE_MS = 1500;
/** Nothing arrives any more: the worker or the camera is gone. */
export const SILENCE_MS = 3000;
/** Packets arrive, but the decoder is stuck. */
export const FROZEN_MS = 8000;

/** Firefox without its OpenH264 plugin, and builds of Chromium without the codecs that cost licences. */
function lacksH264(): boolean {
  if (typeof RTCRtpReceiver === 'undefined') return false;
  const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs;
  return codecs !== undefined && !codecs.some(({ mimeType }) => mimeType.toLowerCase() === 'video/h264');
}

function toPlayerError(error: unknown): PlayerError {
  if (error instanceof ApiError) {
    const { message, playId, sipStatus } = error;
    const code = error.code === 'codec_unsupported' && lacksH264() ? 'browser_no_h264' : error.code;
    return { code, message, ...(playId !== undefined && { playId }), ...(sipStatus !== undefined && { sipStatus }) };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (typeof RTCPeerConnection === 'undefined') return { code: 'browser_unsupported', message };
  return { code: 'sdp_invalid', message };
}

/** Keeps one picture alive: tries, notices when it breaks and tries again until it is stopped. */
export class WhepPlayer {
  readonly #options: PlayerOptions;
  #state: PlayerState = { phase: 'stopped' };
  #session: WhepSession | undefined;
  #controller: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #startedAt = 0;
  #attempt = 0;
  #played = false;
  #lastBytes = { value: 0, at: 0 };
  #lastFrames = { value: 0, at: 0 };

  constructor(options: PlayerOptions) {
    this.#options = options;
  }

  get peer(): RTCPeerConnection | undefined {
    return this.#session?.peer;
  }

  /** Starts, or tries at once instead of waiting for the next try. */
  start(): void {
    this.#attempt = 0;
    this.#run();
  }

  stop(): void {
    this.#drop();
    this.#played = false;
    this.#set({ phase: 'stopped' });
  }

  /** The server no longer lists this viewer: the connection is dead, whatever ICE still believes. */
  reconnect(): void {
    if (this.#state.phase !== 'playing') return;
    this.#drop(true);
    this.#run();
  }

  /** The element has shown, or the decoder has decoded, a frame. */
  frameDecoded(): void {
    const { viewerId, playId } = this.#state;
    if (this.#state.phase === 'playing' || !this.#session) return;
    clearTimeout(this.#timer);
    const firstFrameMs = Math.round(performance.now() - this.#startedAt);
    this.#attempt = 0;
    this.#played = true;
    this.#set({ phase: 'playing', firstFrameMs, ...(viewerId && { viewerId }), ...(playId && { playId }) });
    if (viewerId !== undefined) this.#options.onFirstFrame(viewerId, firstFrameMs);
  }

  /** Fed once a second with the counters of getStats(); what is held back by the publisher is not missed. */
  sample(
    { bytes, framesDecoded, at }: { bytes: number; framesDecoded: number; at: number },
    held = { video: false, audio: false },
  ): void {
    if (held.video) this.#lastFrames = { value: framesDecoded, at };
    if (held.video || held.audio) this.#lastBytes = { value: bytes, at };
    if (bytes !== this.#lastBytes.value) this.#lastBytes = { value: bytes, at };
    if (framesDecoded !== this.#lastFrames.value) this.#lastFrames = { value: framesDecoded, at };
    if (framesDecoded > 0 || (held.video && bytes > 0)) this.frameDecoded();
    if (this.#state.phase !== 'playing') return;
    const silent = at - this.#lastBytes.at >= SILENCE_MS;
    const frozen = at - this.#lastFrames.at >= FROZEN_MS;
    if (silent || frozen) this.#run();
  }

  #run(): void {
    this.#drop();
    const controller = new AbortController();
    this.#controller = controller;
    this.#startedAt = performance.now();
    this.#lastBytes = { value: 0, at: this.#startedAt };
    this.#lastFrames = { value: 0, at: this.#startedAt };
    this.#set({ phase: this.#played ? 'reconnecting' : 'connecting' });
    const events: WhepEvents = {
      onTrack: (track) => !controller.signal.aborted && this.#options.onTrack(track),
      onState: (state) => !controller.signal.aborted && this.#handleConnection(state),
    };
    this.#options.connect(events, controller.signal).then(
      (session) => (controller.signal.aborted ? session.close() : this.#handleAnswer(session)),
      (error: unknown) => !controller.signal.aborted && this.#fail(toPlayerError(error)),
    );
  }

  #handleAnswer(session: WhepSession): void {
    this.#session = session;
    const { viewerId, playId } = session;
    this.#set({ ...this.#state, ...(viewerId && { viewerId }), ...(playId && { playId }) });
    this.#timer = setTimeout(() => {
      const connected = session.peer.connectionState === 'connected';
      const code = connected ? 'no_browser_frame' : 'ice_failed';
      this.#fail({ code, message: `no frame within ${FIRST_FRAME_TIMEOUT_MS} ms`, ...(playId && { playId }) });
    }, FIRST_FRAME_TIMEOUT_MS);
  }

  #handleConnection(state: RTCPeerConnectionState): void {
    if (this.#state.phase === 'playing') {
      clearTimeout(this.#timer);
      if (state === 'failed' || state === 'closed') this.#run();
      if (state === 'disconnected') this.#timer = setTimeout(() => this.#run(), DISCONNECTED_GRACE_MS);
      return;
    }
    if (state === 'failed') this.#fail({ code: 'ice_failed', message: 'no network path to the media port' });
  }

  #fail(error: PlayerError): void {
    this.#drop();
    const playId = error.playId;
    if (!isRetryable(error.code)) return this.#set({ phase: 'failed', error, ...(playId && { playId }) });
    const delay = backoffMs(this.#attempt++, error.code, this.#options.random);
    this.#set({ phase: 'failed', error, retryAt: Date.now() + delay, ...(playId && { playId }) });
    this.#timer = setTimeout(() => this.#run(), delay);
  }

  #drop(gone = false): void {
    clearTimeout(this.#timer);
    this.#controller?.abort();
    this.#session?.close(gone);
    this.#session = undefined;
  }

  #set(state: PlayerState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
