import { randomUUID } from 'node:crypto';
import type { Ingest } from '../media/index.ts';
import { errorMessage, type Logger } from '../util/index.ts';
import type { MuteState, Viewer, ViewerCloseReason } from '../webrtc/index.ts';
import { StreamError } from './errors.ts';
import type { Play } from './play.ts';
import type { ViewerClosed, ViewerHandle, ViewerRequest, ViewerSnapshot } from './types.ts';

interface Entry {
  readonly viewer: Viewer;
  readonly request: ViewerRequest;
  readonly createdAt: number;
  firstFrameMs: number | undefined;
  firstFrameTimer: NodeJS.Timeout | undefined;
}

/** What a new viewer needs besides what it shows. */
export interface NewViewer {
  readonly id: string;
  readonly offer: string;
  readonly candidates: readonly string[];
}

export interface StreamViewersOptions {
  readonly stream: string;
  readonly firstFrameTimeoutMs: number;
  /** The play that is running now. */
  readonly play: () => Play;
  readonly onChange: () => void;
  readonly onViewerClosed: (viewer: ViewerClosed) => void;
  readonly log: Logger;
}

/** The browsers that watch one stream, over all of its plays. */
export class StreamViewers {
  readonly #options: StreamViewersOptions;
  readonly #entries = new Map<string, Entry>();
  #opening = 0;
  #connected = false;
  #failure: StreamError | undefined;

  constructor(options: StreamViewersOptions) {
    this.#options = options;
  }

  /** Those on their way included. */
  get size(): number {
    return this.#entries.size + this.#opening;
  }

  /** What kept every viewer so far from a connection. */
  get failure(): StreamError | undefined {
    return this.#connected ? undefined : this.#failure;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** @throws SdpError, WebRtcUnavailableError, ViewerLimitError */
  async add(request: ViewerRequest, create: (parts: NewViewer) => Promise<Viewer>): Promise<ViewerHandle> {
    const id = randomUUID();
    const { play } = this.#options;
    play().add('viewer_offer', `${request.remoteAddress} ${request.userAgent}`, id);
    this.#opening += 1;
    try {
      const candidates = request.candidate === undefined ? [] : [request.candidate];
      const viewer = await create({ id, offer: request.offer, candidates });
      play().add('producer', `worker ${viewer.workerIndex}`, id);
      this.#adopt(viewer, request);
      return { id, answer: viewer.answer };
    } catch (error) {
      play().add('failed', errorMessage(error), id);
      throw error;
    } finally {
      this.#opening -= 1;
      this.#options.onChange();
    }
  }

  /** Shows another ingest to all of them; who cannot follow is closed and comes again by itself. */
  async rebind(ingest: Ingest): Promise<void> {
    const { log } = this.#options;
    const moves = [...this.#entries.values()].map(async ({ viewer }) => {
      try {
        await viewer.rebind(ingest);
      } catch (error) {
        log.warn({ viewerId: viewer.id, error: errorMessage(error) }, 'viewer could not be moved');
        viewer.close('media_lost');
      }
    });
    await Promise.all(moves);
  }

  reportFirstFrame(id: string, afterMs: number): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    clearTimeout(entry.firstFrameTimer);
    if (entry.firstFrameMs !== undefined) return true;
    entry.firstFrameMs = afterMs;
    this.#options.play().add('first_frame', `${Math.round(afterMs)} ms after the request`, id);
    return true;
  }

  /** Undefined for an unknown viewer. */
  async mute(id: string, change: Partial<MuteState>): Promise<MuteState | undefined> {
    return this.#entries.get(id)?.viewer.setMuted(change);
  }

  close(id: string): boolean {
    const entry = this.#entries.get(id);
    entry?.viewer.close('closed');
    return entry !== undefined;
  }

  closeOwned(mayStay: (owner: string) => boolean): void {
    for (const { viewer, request } of this.#entries.values()) {
      if (request.owner !== undefined && !mayStay(request.owner)) viewer.close('closed');
    }
  }

  closeAll(reason: ViewerCloseReason): void {
    for (const { viewer } of this.#entries.values()) viewer.close(reason);
  }

  snapshots(): ViewerSnapshot[] {
    return [...this.#entries.values()].map(({ viewer, request, createdAt, firstFrameMs }) => ({
      id: viewer.id,
      stream: this.#options.stream,
      remoteAddress: request.remoteAddress,
      userAgent: request.userAgent,
      createdAt,
      iceState: viewer.iceState,
      dtlsState: viewer.dtlsState,
      bytesSent: viewer.bytesSent,
      ...(firstFrameMs === undefined ? {} : { firstFrameMs }),
    }));
  }

  #adopt(viewer: Viewer, request: ViewerRequest): void {
    const entry: Entry = {
      viewer,
      request,
      createdAt: Date.now(),
      firstFrameMs: undefined,
      firstFrameTimer: undefined,
    };
    this.#entries.set(viewer.id, entry);
    const { play } = this.#options;
    viewer.on('iceStateChange', (state) => play().add('ice', state, viewer.id));
    viewer.on('dtlsStateChange', (state) => {
      play().add('dtls', state, viewer.id);
      if (state === 'connected') this.#handleConnected(entry);
    });
    viewer.once('closed', (reason) => this.#handleClosed(entry, reason));
  }

  #handleConnected(entry: Entry): void {
    this.#connected = true;
    if (entry.request.reportsFirstFrame !== true || entry.firstFrameMs !== undefined) return;
    const { firstFrameTimeoutMs, play } = this.#options;
    entry.firstFrameTimer = setTimeout(() => {
      const detail = `no_browser_frame: connected, but no decoded frame within ${firstFrameTimeoutMs} ms`;
      play().add('failed', detail, entry.viewer.id);
    }, firstFrameTimeoutMs);
    entry.firstFrameTimer.unref();
  }

  #handleClosed(entry: Entry, reason: ViewerCloseReason): void {
    clearTimeout(entry.firstFrameTimer);
    if (!this.#entries.delete(entry.viewer.id)) return;
    const failed = reason === 'ice_failed' || reason === 'dtls_failed';
    if (failed) this.#failure = new StreamError('ice_failed', iceFailureText(reason, entry.request.remoteAddress));
    this.#options.play().add(failed ? 'failed' : 'closed', reason, entry.viewer.id);
    this.#options.onViewerClosed({ id: entry.viewer.id, stream: this.#options.stream, reason });
    this.#options.onChange();
  }
}

function iceFailureText(reason: 'ice_failed' | 'dtls_failed', address: string): string {
  return reason === 'ice_failed'
    ? `no connectivity check of the browser at ${address} arrived: is the WebRTC port open, and does webrtc.candidate name an address that it can reach?`
    : `the DTLS handshake with the browser at ${address} failed`;
}
