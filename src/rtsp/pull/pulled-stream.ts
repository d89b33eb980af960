import type { RtpPublication, RtpRemote, RtpTrackOffer, PullHold } from '../../stream/index.ts';
import { GatewayError, errorMessage, type Logger } from '../../util/index.ts';
import type { RtspClientError } from '../client/errors.ts';
import type { RtspSource, SourceTransport } from '../client/source.ts';
import { Backoff } from '../client/backoff.ts';
import { PullEndedError, PullSilentError } from './errors.ts';
import { sameTracks } from './same-tracks.ts';
import type { PullStatus, PullStreams } from './types.ts';

export interface PulledStreamOptions {
  /** `<app>/<name>`. */
  readonly name: string;
  readonly transport: SourceTransport;
  readonly onDemand: boolean;
  /** Finds a server that has the stream. */
  readonly open: (signal: AbortSignal, hops: readonly string[]) => Promise<RtspSource>;
  readonly streams: PullStreams;
  /** Unwatched for so long: it ends, where it is on demand. */
  readonly idleTimeoutMs: number;
  /** No packet for so long: the source is lost. Undefined where silence is no fault. */
  readonly silenceMs?: number;
  /** Lost and not back for so long: those who watch are told. Undefined = never while they watch. */
  readonly giveUpMs?: number;
  readonly onChange: (pulled: PulledStream) => void;
  readonly log: Logger;
}

const WATCH_MS = 500;
/** Packets are counted once a second. */
const MIN_SILENCE_MS = 2500;

/** One stream that is fetched: on demand or always, again when it is lost, once for all who watch. */
export class PulledStream {
  readonly name: string;
  readonly #options: PulledStreamOptions;
  readonly #backoff = new Backoff();
  #status: PullStatus = { state: 'idle', since: Date.now(), omitted: [] };
  #publication: RtpPublication | undefined;
  /** What the publication was made of. */
  #tracks: readonly RtpTrackOffer[] = [];
  /** The publication has had a source that played. */
  #played = false;
  readonly #ports = new Map<number, { readonly rtp: number; readonly rtcp: number }>();
  #source: RtspSource | undefined;
  #attempt: Promise<void> | undefined;
  #abort = new AbortController();
  #failure: GatewayError | undefined;
  #loggedCode = '';
  #hops: readonly string[] = [];
  #holds = 0;
  #lostAtMs: number | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: PulledStreamOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get status(): PullStatus {
    return this.#status;
  }

  /** Nothing is open, on its way or planned. */
  get dormant(): boolean {
    const planned = this.#attempt !== undefined || this.#retryTimer !== undefined;
    return !planned && this.#publication === undefined && this.#holds === 0;
  }

  /** Begins without anybody who watches; failures are tried again. */
  start(hops: readonly string[]): void {
    this.#hops = hops;
    this.#connect().catch(() => undefined);
  }

  /** Resolves when the stream is published. @throws GatewayError */
  async hold(hops: readonly string[]): Promise<PullHold> {
    if (this.#closing !== undefined) throw new PullEndedError(`${this.name} is pulled no more`);
    this.#holds += 1;
    clearTimeout(this.#idleTimer);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#holds -= 1;
      this.#checkIdle();
      this.#options.onChange(this);
    };
    try {
      await this.#ready(hops);
      return { release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends it; the server is told. Idempotent, never rejects. */
  async close(): Promise<void> {
    this.#closing ??= this.#end();
    await this.#closing;
  }

  async #ready(hops: readonly string[]): Promise<void> {
    // Those who join while the source is sought again see it come back with the others.
    if (this.#publication !== undefined && this.#played) return;
    if (this.#attempt === undefined) {
      const { nextAttemptAt = 0 } = this.#status;
      if (this.#failure !== undefined && Date.now() < nextAttemptAt) throw this.#failure;
      this.#hops = hops;
    }
    await (this.#attempt ?? this.#connect());
  }

  get #used(): boolean {
    return this.#holds > 0 || (this.#publication?.watchers ?? 0) > 0;
  }

  #connect(): Promise<void> {
    this.#stopRetry();
    const abort = new AbortController();
    this.#abort = abort;
    this.#set({ state: 'connecting' });
    const attempt = this.#open(abort.signal).then(
      () => {
        this.#attempt = undefined;
        this.#failure = undefined;
        this.#played = true;
        this.#watch();
        this.#checkIdle();
      },
      (error: unknown) => {
        // One that was given up is no news, and another may have begun.
        if (this.#attempt === attempt) {
          this.#attempt = undefined;
          this.#handleFailure(toGatewayError(abort.signal.aborted ? abort.signal.reason : error));
        }
        throw error;
      },
    );
    this.#attempt = attempt;
    return attempt;
  }

  async #open(signal: AbortSignal): Promise<void> {
    const source = await this.#options.open(signal, this.#hops);
    try {
      const publication = await this.#publish(source, signal);
      this.#source = source;
      const lower = await source.play({
        publication,
        openUdp: (track, remote) => this.#openUdp(publication, track, remote),
        transport: this.#options.transport,
        onLost: (error) => this.#handleLost(error),
      });
      this.#checkGoing(signal);
      this.#set({ state: 'playing', lower, omitted: source.description.omitted });
    } catch (error) {
      if (this.#source === source) this.#source = undefined;
      await source.close();
      throw error;
    }
  }

  /** @throws PullEndedError */
  #checkGoing(signal: AbortSignal): void {
    if (signal.aborted) throw new PullEndedError(`${this.name} has ended meanwhile`);
  }

  /** The one that is watched already, if the new source has the same tracks. */
  async #publish(source: RtspSource, signal: AbortSignal): Promise<RtpPublication> {
    this.#checkGoing(signal);
    const tracks = source.description.tracks.map(({ offer }) => offer);
    if (this.#publication !== undefined && sameTracks(this.#tracks, tracks)) {
      this.#publication.restart();
      return this.#publication;
    }
    this.#endPublication();
    const { omitted } = source.description;
    const publication = await this.#options.streams.publishRtp(this.name, {
      tracks,
      source: 'pull',
      remoteAddress: source.remoteAddress,
      userAgent: source.server,
      notes: omitted.map((track) => `${track} is left out`),
    });
    if (signal.aborted) publication.close();
    this.#checkGoing(signal);
    this.#publication = publication;
    this.#tracks = tracks;
    publication.on('watchers', () => this.#checkIdle());
    publication.once('closed', (reason) => {
      if (this.#publication === publication) this.#handleEnded(`the stream was ended: ${reason}`);
    });
    if (omitted.length > 0) this.#options.log.info({ omitted }, 'tracks that cannot be carried are left out');
    return publication;
  }

  /** Ports stay with the publication: a server that is asked again gets the same ones. */
  async #openUdp(publication: RtpPublication, track: number, remote: RtpRemote) {
    const known = this.#ports.get(track);
    if (known !== undefined) return known;
    const ports = await publication.openUdp(track, remote);
    if (publication === this.#publication) this.#ports.set(track, ports);
    return ports;
  }

  /** Somebody else has closed the publication. */
  #handleEnded(message: string): void {
    this.#endPublication();
    const error = new PullEndedError(message);
    if (this.#attempt === undefined) this.#dropSource(error);
    else this.#abort.abort(error);
  }

  #handleLost(error: RtspClientError): void {
    // While it still connects, the attempt itself fails.
    if (this.#attempt === undefined) this.#dropSource(error);
  }

  #dropSource(error: GatewayError): void {
    const source = this.#source;
    this.#source = undefined;
    void source?.close();
    this.#handleFailure(error);
  }

  #handleFailure(error: GatewayError): void {
    clearInterval(this.#watchTimer);
    if (this.#closing !== undefined) return;
    const { onDemand, giveUpMs, log } = this.#options;
    const waitMs = this.#backoff.next(error.code);
    this.#failure = error;
    this.#lostAtMs ??= performance.now();
    const lostMs = performance.now() - this.#lostAtMs;
    const hopeless = giveUpMs !== undefined && lostMs + waitMs > giveUpMs;
    const kept = this.#played && !hopeless && (!onDemand || this.#used);
    if (!kept) this.#endPublication();
    // What fails again and again for the same reason is told once.
    const level = this.#loggedCode === error.code ? 'debug' : 'info';
    this.#loggedCode = error.code;
    log[level]({ code: error.code, error: error.message, retryMs: waitMs, kept }, 'pull failed');
    if (kept || !onDemand) this.#retryTimer = setTimeout(() => this.#retry(), waitMs);
    const { code, message } = error;
    this.#set({ state: 'failed', failure: { code, message }, nextAttemptAt: Date.now() + waitMs });
  }

  #retry(): void {
    this.#retryTimer = undefined;
    if (this.#options.onDemand && !this.#used) return this.#sleep();
    this.#connect().catch(() => undefined);
  }

  #stopRetry(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
  }

  /** Packets that arrive are what makes a source good; on either transport they are counted with the stream. */
  #watch(): void {
    const { streams, silenceMs } = this.#options;
    const count = (): number => streams.find(this.name)?.stats.packets ?? 0;
    let packets = count();
    let changedAtMs = performance.now();
    clearInterval(this.#watchTimer);
    this.#watchTimer = setInterval(() => {
      const now = count();
      const silentForMs = performance.now() - changedAtMs;
      if (now !== packets) {
        packets = now;
        changedAtMs = performance.now();
        this.#lostAtMs = undefined;
        this.#loggedCode = '';
        this.#backoff.reset();
      } else if (silenceMs !== undefined && silentForMs > Math.max(silenceMs, MIN_SILENCE_MS)) {
        this.#dropSource(new PullSilentError(`no packet came for ${Math.round(silentForMs)} ms`));
      }
    }, WATCH_MS);
  }

  #checkIdle(): void {
    clearTimeout(this.#idleTimer);
    const { onDemand, idleTimeoutMs } = this.#options;
    if (!onDemand || this.#used || this.#publication === undefined || this.#closing !== undefined) return;
    this.#idleTimer = setTimeout(() => {
      if (!this.#used) this.#sleep();
    }, idleTimeoutMs);
  }

  /** Nobody watches any more. */
  #sleep(): void {
    void this.#leave();
    this.#set({ state: 'idle' });
  }

  async #end(): Promise<void> {
    const attempt = this.#attempt;
    await Promise.all([this.#leave(), attempt?.catch(() => undefined)]);
    this.#set({ state: 'idle' });
  }

  /** A source that plays is told, an attempt is given up. */
  async #leave(): Promise<void> {
    const source = this.#source;
    const attempting = this.#attempt !== undefined;
    this.#source = undefined;
    this.#attempt = undefined;
    this.#clearTimers();
    this.#endPublication();
    if (attempting) this.#abort.abort();
    else await source?.close();
  }

  #clearTimers(): void {
    this.#stopRetry();
    clearTimeout(this.#idleTimer);
    clearInterval(this.#watchTimer);
  }

  /** Its viewers are told. */
  #endPublication(): void {
    const publication = this.#publication;
    this.#publication = undefined;
    this.#played = false;
    this.#lostAtMs = undefined;
    this.#ports.clear();
    publication?.close();
  }

  #set(status: Partial<PullStatus> & Pick<PullStatus, 'state'>): void {
    const { omitted } = this.#status;
    this.#status = { since: Date.now(), omitted, ...status };
    this.#options.onChange(this);
  }
}

function toGatewayError(error: unknown): GatewayError {
  return error instanceof GatewayError ? error : new PullEndedError(errorMessage(error), { cause: error });
}
