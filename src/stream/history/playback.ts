import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { HistoryInvite, PlaybackControl, Stretch } from '../../gb28181/index.ts';
import { GatewayError, errorMessage, type Logger } from '../../util/index.ts';
import { PlaybackEndedError, SpeedRefusedError, type StreamError } from '../errors.ts';
import type { LiveStream } from '../live-stream.ts';
import type { Source } from '../source.ts';
import { BEYOND_MS, END_MS, type HistoryDirector } from './director.ts';
import { MediaPosition } from './media-position.ts';
import type { PlaybackChange, PlaybackEnd, PlaybackRequest, PlaybackSnapshot, PlaybackState } from './types.ts';

/** After an order a device may take so long until it sends (again). */
const RESUME_GRACE_MS = 5000;
/** Viewers have the last pictures still before them when the device says that it has sent them. */
const TAIL_MS = 1000;
/** One picture at 25 a second; devices start a seek at a key frame in any case. */
const STEP_MS = 40;
/** How long a device plays until a picture of the new place has come, where it is paused. */
const PICTURE_MS = 200;
/** Codes with which a device says, or by silence shows, that it does not know MANSRTSP. */
const REFUSALS: ReadonlySet<string> = new Set(['device_refused', 'device_no_response']);

export interface PlaybackParts {
  readonly request: PlaybackRequest;
  /** What of the range the device has; empty: not known. */
  readonly recorded: readonly Stretch[];
  readonly open: (name: string, director: HistoryDirector) => LiveStream;
  readonly onChanged: (playback: Playback) => void;
  readonly log: Logger;
}

/** One recording that is played: INVITE with a range, steered by MANSRTSP (GB/T 28181 13.7, 14), watched as a stream. */
export class Playback implements HistoryDirector {
  readonly id = randomBytes(6).toString('hex');
  readonly #parts: PlaybackParts;
  readonly #stream: LiveStream;
  readonly #position: MediaPosition;
  readonly #createdAt = Date.now();
  /** Range of the INVITE that is in force: NPT counts from here. */
  #inviteFromMs: number;
  #state: PlaybackState = 'opening';
  #speed = 1;
  /** That the device was told last. */
  #deviceSpeed = 1;
  /** That it is still to be told. */
  #scaleToTell: number | undefined;
  #source: Source | undefined;
  /** The device has refused MANSRTSP in this playback, and that is not remembered with the device. */
  #refusing = false;
  /** Paused by BYE. */
  #suspended = false;
  #graceUntil = 0;
  #orders: Promise<unknown> = Promise.resolve();
  #endedAt: number | undefined;
  #end: PlaybackEnd | undefined;
  #message: string | undefined;
  #finishing: NodeJS.Timeout | undefined;

  constructor(parts: PlaybackParts) {
    const { deviceId, channelId, fromMs } = parts.request;
    this.#parts = parts;
    this.#position = new MediaPosition(parts.recorded);
    this.#inviteFromMs = fromMs;
    this.#stream = parts.open(`playback/${deviceId}_${channelId}_${this.id}`, this);
  }

  get ended(): boolean {
    return this.#endedAt !== undefined;
  }

  get snapshot(): PlaybackSnapshot {
    const { deviceId, channelId, fromMs, toMs, subStream = 0, sessionName = 'Playback' } = this.#parts.request;
    return {
      id: this.id,
      stream: this.#stream.name,
      playId: this.#stream.playId,
      deviceId,
      channelId,
      subStream,
      fromMs,
      toMs,
      state: this.#state,
      speed: this.#speed,
      positionMs: Math.round(this.#positionMs),
      control: this.#takesControl ? 'info' : 'invite',
      sessionName,
      createdAt: this.#createdAt,
      ...(this.#endedAt === undefined ? {} : { endedAt: this.#endedAt }),
      ...(this.#end === undefined ? {} : { end: this.#end }),
      ...(this.#message === undefined ? {} : { message: this.#message }),
    };
  }

  /** Resolves when the picture is known. @throws StreamError */
  async begin(signal?: AbortSignal): Promise<void> {
    await this.#stream.join(signal);
    const { speed = 1 } = this.#parts.request;
    if (speed !== 1) await this.change({ speed });
  }

  /** Orders are carried out one behind the other. */
  change(change: PlaybackChange): Promise<void> {
    const done = this.#orders.then(() => this.#apply(change));
    this.#orders = done.catch(() => undefined);
    return done;
  }

  async stop(): Promise<void> {
    this.#conclude('stopped');
    await this.#stream.close();
  }

  // What its stream asks.

  get held(): boolean {
    return this.#state === 'paused' || this.#finishing !== undefined || Date.now() < this.#graceUntil;
  }

  invite(): HistoryInvite {
    const { toMs, sessionName } = this.#parts.request;
    return {
      kind: 'playback',
      fromSec: Math.floor(this.#inviteFromMs / 1000),
      toSec: Math.ceil(toMs / 1000),
      ...(sessionName === 'Download' && { downloadSpeed: 1 }),
    };
  }

  onSource(source: Source): void {
    this.#source = source;
    this.#suspended = false;
    this.#state = 'playing';
    this.#deviceSpeed = 1;
    this.#position.start(source, this.#inviteFromMs, 1);
    source.session.once('fileEnded', () => {
      if (source === this.#source) this.#finish();
    });
    source.ingest.on('stats', () => {
      if (source === this.#source && this.#isBeyond) this.#finish();
    });
    this.#tell();
  }

  comesBack(): boolean {
    return false;
  }

  onClosed(error: StreamError | undefined): void {
    const ending = error?.code === 'device_bye' || error?.code === 'media_lost';
    if (this.#finishing !== undefined || (ending && this.#isAtEnd)) this.#conclude('finished');
    else if (error === undefined) this.#conclude('unwatched');
    else this.#conclude(error.code, error.message);
  }

  get #positionMs(): number {
    const { fromMs, toMs } = this.#parts.request;
    if (this.#end === 'finished') return this.#deviceSpeed > 0 ? toMs : fromMs;
    return Math.min(toMs, Math.max(fromMs, this.#position.ms));
  }

  /** What is known of the device may change meanwhile: it has other firmware, or was silent long ago. */
  get #takesControl(): boolean {
    return !this.#refusing && this.#source?.session.takesControl !== false;
  }

  /** Nothing more is to come, in the direction in which it plays. */
  get #isAtEnd(): boolean {
    const { request, recorded } = this.#parts;
    const { startMs } = recorded[0] ?? { startMs: request.fromMs };
    const { endMs } = recorded.at(-1) ?? { endMs: request.toMs };
    return this.#deviceSpeed > 0 ? this.#positionMs >= endMs - END_MS : this.#positionMs <= startMs + END_MS;
  }

  get #isBeyond(): boolean {
    const { fromMs, toMs } = this.#parts.request;
    const { ms } = this.#position;
    return ms > toMs + BEYOND_MS || ms < fromMs - BEYOND_MS;
  }

  async #apply(change: PlaybackChange): Promise<void> {
    this.#checkRuns();
    const { state, speed, positionMs, step } = change;
    if ((state === 'paused' || step !== undefined) && this.#state !== 'paused') await this.#pause();
    if (speed !== undefined && speed !== this.#speed) await this.#setSpeed(speed);
    if (positionMs !== undefined) await this.#seek(positionMs);
    if (step !== undefined) await this.#step(step);
    if (state === 'playing' && this.#state === 'paused') await this.#resume();
    this.#tell();
  }

  #checkRuns(): void {
    if (this.ended || this.#finishing !== undefined) throw new PlaybackEndedError(`playback ${this.id} has ended`);
  }

  async #pause(): Promise<void> {
    if (!(await this.#control({ method: 'pause' }))) {
      // Told before the BYE: a stream without a source would end.
      this.#state = 'paused';
      this.#suspended = true;
      this.#inviteFromMs = this.#positionMs;
      this.#position.stop();
      await this.#stream.suspend();
      return;
    }
    this.#state = 'paused';
    this.#position.setPace(0);
  }

  async #resume(): Promise<void> {
    if (this.#suspended) {
      await this.#restart(this.#inviteFromMs, 'goes on after a pause');
      return;
    }
    this.#extendGrace();
    if (this.#scaleToTell !== undefined) {
      try {
        await this.#askedFor({ method: 'play' });
        this.#run();
        return;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        // The speed that was chosen meanwhile is refused, not the order to go on.
        this.#scaleToTell = undefined;
        this.#speed = this.#deviceSpeed;
        await this.#goOn();
        throw error;
      }
    }
    await this.#goOn();
  }

  async #goOn(): Promise<void> {
    if (await this.#control({ method: 'play' })) this.#run();
    else await this.#restart(this.#positionMs, 'goes on after a pause');
  }

  /** Forwards the device plays for a moment: by a seek it would go back to a key frame. */
  async #step(step: 1 | -1): Promise<void> {
    if (step < 0 || this.#suspended) {
      await this.#seek(this.#positionMs + step * STEP_MS);
      return;
    }
    await this.#resume();
    await delay(STEP_MS);
    if (!this.ended) await this.#pause();
  }

  /** A pause stays one; the speed is told to the device when it plays again. @throws DeviceRefusedError, SpeedRefusedError */
  async #setSpeed(speed: number): Promise<void> {
    // A new INVITE has no speed: that device is not asked, its answer is known, or known not to come.
    if (!this.#takesControl) throw new SpeedRefusedError(`playback ${this.id}: the device takes no MANSRTSP, no speed`);
    if (this.#state === 'paused' || this.#suspended) {
      this.#speed = speed;
      this.#scaleToTell = speed;
      return;
    }
    const turns = speed < 0 !== this.#speed < 0;
    // Where it turns round the device has to know where.
    const nptSec = turns ? this.#nptOf(this.#positionMs) : undefined;
    await this.#askedFor({ method: 'play', scale: speed, ...(nptSec !== undefined && { nptSec }) });
    this.#speed = speed;
    this.#run();
  }

  async #seek(targetMs: number): Promise<void> {
    const { fromMs, toMs } = this.#parts.request;
    const target = Math.min(Math.max(targetMs, fromMs), toMs - 1000);
    const paused = this.#state === 'paused';
    if (this.#suspended) {
      this.#inviteFromMs = target;
      this.#position.seek(target);
      return;
    }
    this.#extendGrace();
    if (target < this.#inviteFromMs || !(await this.#control({ method: 'play', nptSec: this.#nptOf(target) }))) {
      await this.#restart(target, `seek to ${new Date(target).toISOString()}`);
    } else {
      this.#position.seek(target);
      this.#run();
    }
    if (!paused) return;
    await delay(PICTURE_MS);
    if (!this.ended) await this.#pause();
  }

  /** BYE and INVITE with a new range. */
  async #restart(fromMs: number, why: string): Promise<void> {
    this.#inviteFromMs = fromMs;
    this.#position.stop();
    this.#extendGrace();
    await this.#stream.restart(why);
    this.#scaleToTell = undefined;
    if (this.#speed === 1) return;
    const told = await this.#control({ method: 'play', scale: this.#speed });
    if (told) this.#run();
    else this.#speed = 1;
  }

  /** The device plays, from now on as it was told. */
  #run(): void {
    this.#state = 'playing';
    this.#deviceSpeed = this.#speed;
    this.#position.setPace(this.#speed);
    this.#source?.ingest.setSpeed(this.#speed);
    this.#extendGrace();
  }

  #extendGrace(): void {
    this.#graceUntil = Date.now() + RESUME_GRACE_MS;
  }

  #nptOf(positionMs: number): number {
    return Math.max(0, (positionMs - this.#inviteFromMs) / 1000);
  }

  /** False where the device does not take MANSRTSP, which is remembered. */
  async #control(control: PlaybackControl): Promise<boolean> {
    if (!this.#takesControl) return false;
    try {
      await this.#askedFor(control);
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // What the device is remembered by is unlearned there, too.
      this.#refusing = this.#takesControl;
      this.#parts.log.info({ playback: this.id, error: errorMessage(error) }, 'playback is steered by new INVITEs');
      return false;
    }
  }

  async #askedFor(control: PlaybackControl): Promise<void> {
    this.#checkRuns();
    const source = this.#source;
    if (source === undefined) throw new PlaybackEndedError(`playback ${this.id} has no source`);
    const scale = control.method === 'play' ? (control.scale ?? this.#scaleToTell) : undefined;
    // With a speed the device would otherwise go on from wherever it means.
    const npt =
      control.nptSec ??
      (control.scale === undefined && scale !== undefined ? this.#nptOf(this.#positionMs) : undefined);
    // Before the order: the device sends by it before it has answered.
    source.ingest.expectChange();
    try {
      await source.session.control({
        method: control.method,
        ...(scale !== undefined && { scale }),
        ...(npt !== undefined && { nptSec: npt }),
      });
    } catch (error) {
      if (this.#state === 'playing') source.ingest.setSpeed(this.#deviceSpeed);
      throw error;
    }
    if (control.method === 'play') this.#scaleToTell = undefined;
  }

  /** The device has sent everything: BYE, when the viewers have seen it. */
  #finish(): void {
    if (this.ended || this.#finishing !== undefined) return;
    this.#position.setPace(0);
    this.#finishing = setTimeout(() => {
      void this.#stream.close();
    }, TAIL_MS);
  }

  #conclude(end: PlaybackEnd, message?: string): void {
    if (this.ended) return;
    clearTimeout(this.#finishing);
    this.#position.stop();
    this.#endedAt = Date.now();
    this.#state = 'ended';
    this.#end = end;
    this.#message = message;
    this.#tell();
  }

  #tell(): void {
    this.#parts.onChanged(this);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof GatewayError && REFUSALS.has(error.code);
}
