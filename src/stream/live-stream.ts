import type { Device } from '../gb28181/index.ts';
import { NO_STATS, type IngestStats } from '../media/index.ts';
import { errorMessage, type Logger } from '../util/index.ts';
import type { WebRtc } from '../webrtc/index.ts';
import { abortable } from './abortable.ts';
import { audioSettled } from './audio-grace.ts';
import { openSource, toStreamError, unsupported, type SourceContext } from './attempt.ts';
import { StreamError } from './errors.ts';
import type { HistoryDirector } from './history/director.ts';
import { IngestFeed } from './ingest-feed.ts';
import { REOPEN_MAX_DELAY_MS } from './options.ts';
import type { Play } from './play.ts';
import type { Source } from './source.ts';
import { SourceMonitor } from './source-monitor.ts';
import { addStats } from './stats-sum.ts';
import { StreamTaps } from './stream-taps.ts';
import { StreamViewers } from './stream-viewers.ts';
import type { ChannelPicture } from './sub-stream.ts';
import type { Tap, TapRequest } from './tap-types.ts';
import type { PlayRequest, StreamSnapshot, ViewerClosed, ViewerHandle, ViewerRequest } from './types.ts';

export interface LiveStreamOptions extends Omit<SourceContext, 'history'> {
  readonly name: string;
  readonly request: PlayRequest;
  /** Absent = the live picture. */
  readonly director?: HistoryDirector;
  readonly webrtc: Pick<WebRtc, 'createViewer'>;
  /** Of a live stream, and of a recorded sub-stream. */
  readonly picture?: ChannelPicture;
  readonly startPlay: () => Play;
  readonly onOpened: (stream: LiveStream) => void;
  readonly onViewers: (stream: LiveStream) => void;
  readonly onViewerClosed: (viewer: ViewerClosed) => void;
  /** Once, as soon as the stream is no longer of use; its BYE may still be on the way. */
  readonly onClosed: (stream: LiveStream, last: StreamSnapshot) => void;
}

/** A paused recording that nobody watches is not kept for ever: the device has few to give. */
const HELD_IDLE_MS = 600_000;

/** One channel's stream, live or recorded: a source that is opened on demand and opened again when it is lost, and its viewers. */
export class LiveStream {
  readonly name: string;
  readonly request: PlayRequest;
  readonly viewers: StreamViewers;
  readonly picture: ChannelPicture | undefined;
  readonly #taps: StreamTaps;
  readonly #options: LiveStreamOptions;
  readonly #log: Logger;
  readonly #createdAt = Date.now();
  readonly #abort = new AbortController();
  #play: Play;
  #source: Source | undefined;
  #feed: IngestFeed | undefined;
  #sourceAt = 0;
  #monitor: SourceMonitor | undefined;
  /** The attempt that joiners wait for. */
  #attempt: Promise<void>;
  #attemptAbort = new AbortController();
  #wake: (() => void) | undefined;
  /** Of the ingests before the running one. */
  #formerStats: IngestStats = NO_STATS;
  #waiters = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #reopening: Promise<void> | undefined;
  #ended: Promise<void> | undefined;
  /** The registration that the last attempt relied on. */
  #registered = '';

  constructor(options: LiveStreamOptions) {
    this.name = options.name;
    this.request = options.request;
    this.picture = options.picture;
    this.#options = options;
    this.#log = options.log.child({ stream: options.name });
    this.#play = options.startPlay();
    this.#play.add('requested');
    this.viewers = new StreamViewers({
      stream: options.name,
      firstFrameTimeoutMs: options.timing.firstFrameTimeoutMs,
      play: () => this.#play,
      onChange: () => this.#handleViewers(),
      onViewerClosed: options.onViewerClosed,
      log: this.#log,
    });
    this.#taps = new StreamTaps({ stream: options.name, onChange: () => this.#handleViewers(), log: this.#log });
    this.#attempt = this.#openOnce().then(
      () => options.onOpened(this),
      (error: unknown) => {
        void this.close(toStreamError(error));
        throw error;
      },
    );
    // Joiners see the failure; without any there is nobody to tell.
    this.#attempt.catch(() => undefined);
  }

  get closed(): boolean {
    return this.#ended !== undefined;
  }

  get #users(): number {
    return this.viewers.size + this.#taps.size + this.#waiters;
  }

  get playId(): string {
    return this.#play.id;
  }

  get ssrc(): string {
    return this.#source?.ssrc ?? '';
  }

  get snapshot(): StreamSnapshot {
    const ingest = this.#source?.ingest;
    const { deviceId, channelId, subStream } = this.request;
    return {
      name: this.name,
      source: 'camera',
      playId: this.#play.id,
      deviceId,
      channelId,
      subStream,
      state: this.#play.state,
      ssrc: this.ssrc,
      createdAt: this.#createdAt,
      stats: ingest === undefined ? this.#formerStats : addStats(this.#formerStats, ingest.stats),
      viewers: this.viewers.snapshots(),
      readers: this.#taps.snapshots(),
      ...(this.#source === undefined ? {} : { transport: this.#source.transport }),
      ...this.picture?.view,
      ...(ingest?.video === undefined ? {} : { video: ingest.video }),
      ...(ingest?.audio === undefined ? {} : { audio: ingest.audio }),
    };
  }

  /** Resolves when the channel's video is known. @throws StreamError */
  async join(signal?: AbortSignal): Promise<void> {
    this.#waiters += 1;
    clearTimeout(this.#idleTimer);
    this.#wake?.();
    try {
      await abortable(this.#attempt, signal);
    } catch (error) {
      const { code, message, sipStatus } = toStreamError(error);
      throw new StreamError(code, message, {
        playId: this.#play.id,
        cause: error,
        ...(sipStatus === undefined ? {} : { sipStatus }),
      });
    } finally {
      this.#waiters -= 1;
      this.#checkUnused();
    }
  }

  /** @throws StreamError, SdpError */
  async view(request: ViewerRequest): Promise<ViewerHandle> {
    // Counts until the viewer itself does, or an idle time of nothing would end the stream between.
    this.#waiters += 1;
    try {
      await this.join();
      return await this.#addViewer(request);
    } finally {
      this.#waiters -= 1;
      this.#checkUnused();
    }
  }

  /** @throws StreamError */
  async tap(request: TapRequest): Promise<Tap> {
    this.#waiters += 1;
    try {
      await this.join();
      const [source, feed] = [this.#source, this.#feed];
      if (source !== undefined) await audioSettled(source.ingest, this.#sourceAt);
      if (feed === undefined || source !== this.#source || this.closed) {
        throw new StreamError('media_lost', 'the stream was lost', { playId: this.#play.id });
      }
      return this.#taps.open(feed, request);
    } finally {
      this.#waiters -= 1;
      this.#checkUnused();
    }
  }

  /** Ends what members of rooms watch and read of it who may not any more. */
  closeOwned(mayStay: (owner: string) => boolean): void {
    this.viewers.closeOwned(mayStay);
    this.#taps.closeOwned(mayStay);
  }

  async #addViewer(request: ViewerRequest): Promise<ViewerHandle> {
    const source = this.#source;
    if (source === undefined) throw new StreamError('media_lost', 'the stream was lost', { playId: this.#play.id });
    // A download into a file may be of another codec.
    if (source.ingest.video?.playable === false) throw unsupported(source.ingest.video);
    // Viewers of a running picture ask by themselves once they are connected.
    if (this.viewers.size === 0) this.#monitor?.prepareKeyFrame();
    const { ingest } = source;
    const handle = await this.viewers.add(request, (parts) => this.#options.webrtc.createViewer({ ...parts, ingest }));
    if (this.closed) {
      this.viewers.close(handle.id);
      throw new StreamError('closed', 'the stream was closed meanwhile', { playId: this.#play.id });
    }
    const moved: Source | undefined = this.#source;
    // The camera came back while the viewer was on its way.
    if (moved !== undefined && moved !== source) await this.viewers.rebind(moved.ingest);
    return handle;
  }

  /** The device is online again, or at another address: what waits for it need not wait longer. */
  handleDevice(device: Device): void {
    const registered = `${device.registeredAt} ${device.sourceAddress} ${device.sourcePort}`;
    const same = registered === this.#registered;
    this.#registered = registered;
    if (this.#reopening === undefined || same || !device.online) return;
    if (this.#play.stage === 'invite_sent')
      this.#attemptAbort.abort(new StreamError('media_lost', 'device registered again'));
    this.#wake?.();
  }

  /** Ends the stream and its viewers. Resolves when the BYE is answered or has been waited for. Idempotent. */
  async close(error?: StreamError): Promise<void> {
    if (this.#ended === undefined) {
      const ended = Promise.withResolvers<void>();
      this.#ended = ended.promise;
      this.#end(error).then(ended.resolve, ended.reject);
    }
    await this.#ended;
  }

  async #end(error: StreamError | undefined): Promise<void> {
    clearTimeout(this.#idleTimer);
    this.#abort.abort(error ?? new StreamError('closed', 'the stream was closed'));
    this.#wake?.();
    const failure = error ?? this.viewers.failure;
    if (failure === undefined) this.#play.close('stream closed');
    else this.#play.fail(failure);
    const last = this.snapshot;
    this.viewers.closeAll(error === undefined ? 'closed' : 'media_lost');
    this.#taps.closeAll(error?.code ?? 'closed');
    const released = this.#release();
    this.#options.onClosed(this, last);
    this.#options.director?.onClosed(error);
    await Promise.all([released, this.#attempt.catch(() => undefined)]);
  }

  async #openOnce(): Promise<void> {
    this.#attemptAbort = new AbortController();
    const signal = AbortSignal.any([this.#abort.signal, this.#attemptAbort.signal]);
    const { director, platform } = this.#options;
    const { subStreamDialect } = platform.settingsInForce(this.request.deviceId).effective;
    const context = { ...this.#options, history: director === undefined ? undefined : await director.invite() };
    const source = await openSource(context, this.#play, signal);
    if (signal.aborted) {
      await source.close(this.#options.timing.byeWaitMs);
      signal.throwIfAborted();
    }
    this.#source = source;
    this.#feed = new IngestFeed(source.ingest, context.history?.kind === 'download');
    this.#sourceAt = Date.now();
    this.#monitor = new SourceMonitor({
      source,
      play: this.#play,
      context,
      held: () => director?.held === true,
      onAudio: () => this.#options.onViewers(this),
      onLost: (error) => this.#handleLost(error),
    });
    director?.onSource(source);
    this.picture?.opened(source.ingest.video, subStreamDialect, this.#play);
  }

  /** Viewers keep their connections; the device is called again for as long as there are any. */
  #handleLost(error: StreamError): void {
    if (this.closed) return;
    this.#log.warn({ code: error.code, reason: error.message, viewers: this.viewers.size }, 'stream lost');
    this.#taps.closeAll(error.code);
    if (error.code === 'no_key_frame' || !this.#wanted(error)) {
      void this.close(error);
      return;
    }
    this.#play.fail(error);
    this.#openAgain(`again, for ${this.viewers.size} viewers`);
  }

  #wanted(error: StreamError): boolean {
    const { director } = this.#options;
    return director === undefined ? this.#users > 0 : director.comesBack(error);
  }

  /** Of a recording: BYE, then an INVITE for another range. @throws StreamError; the stream is closed then */
  async restart(why: string): Promise<void> {
    if (this.closed) throw new StreamError('closed', 'the stream was closed');
    this.#taps.closeAll('media_lost');
    this.#play.close(why);
    this.#openAgain(why);
    await this.#attempt;
    await this.#reopening;
  }

  /** Of a recording: BYE; viewers wait for `restart`. */
  async suspend(): Promise<void> {
    this.#taps.closeAll('media_lost');
    await this.#release();
    this.#checkUnused();
  }

  #openAgain(why: string): void {
    const released = this.#release();
    this.#play = this.#options.startPlay();
    this.#play.add('requested', why);
    this.#attempt = released.then(async () => this.#openOnce());
    this.#attempt.catch(() => undefined);
    this.#reopening = this.#reopen().finally(() => {
      this.#reopening = undefined;
    });
  }

  async #reopen(): Promise<void> {
    let waitMs = this.#options.timing.reopenDelayMs;
    for (;;) {
      const error = await this.#attempt.then(
        () => undefined,
        (cause: unknown) => toStreamError(cause),
      );
      if (this.closed) return;
      if (error === undefined) break;
      this.#play.add('failed', `${error.code}: ${error.message}`);
      await this.#pause(waitMs);
      if (this.closed) return;
      if (!this.#wanted(error)) {
        await this.close(error);
        return;
      }
      waitMs = Math.min(waitMs * 2, REOPEN_MAX_DELAY_MS);
      this.#attempt = this.#openOnce();
    }
    const source = this.#source;
    if (source !== undefined) await this.viewers.rebind(source.ingest);
    this.#options.onViewers(this);
    this.#checkUnused();
  }

  /** Ends early when the device registers again, a viewer joins, or the stream is closed. */
  async #pause(waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  async #release(): Promise<void> {
    const source = this.#source;
    this.#source = undefined;
    this.#feed = undefined;
    this.#monitor?.close();
    if (source === undefined) return;
    this.#formerStats = addStats(this.#formerStats, source.ingest.stats);
    await source.close(this.#options.timing.byeWaitMs);
  }

  #handleViewers(): void {
    if (this.closed) return;
    this.#options.onViewers(this);
    this.#checkUnused();
  }

  #checkUnused(): void {
    clearTimeout(this.#idleTimer);
    if (this.closed || this.#users > 0) return;
    const held = this.#options.director?.held === true;
    if (this.#source === undefined && !held) {
      // Nobody waits for the answer any more: the INVITE is cancelled.
      if (this.#reopening === undefined) void this.close(new StreamError('closed', 'everybody has left'));
      else this.#wake?.();
      return;
    }
    const idleMs = held ? HELD_IDLE_MS : this.#options.timing.idleTimeoutMs;
    this.#idleTimer = setTimeout(() => {
      this.close().catch((error: unknown) => this.#log.error({ error: errorMessage(error) }, 'close failed'));
    }, idleMs);
  }
}
