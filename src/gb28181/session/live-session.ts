import { EventEmitter } from 'node:events';
import type { Dialog, DialogEndReason } from '../../sip/index.ts';
import { safeEmit, type Logger } from '../../util/index.ts';
import type { DeviceRecord } from '../device/record.ts';
import { followDevice } from '../dialog-path.ts';
import { parseMediaAnswer } from './answer.ts';
import { sendControl } from './control.ts';
import type { Steering } from './steering.ts';
import type {
  HistoryInvite,
  LiveSession,
  LiveSessionEnd,
  LiveSessionEvents,
  MediaAnswer,
  PlaybackControl,
} from './types.ts';

const END_REASONS: Readonly<Record<DialogEndReason, LiveSessionEnd>> = {
  local_bye: 'local_bye',
  closed: 'local_bye',
  remote_bye: 'device_bye',
  rejected: 'device_rejected',
  timeout: 'lost',
  transport: 'lost',
  no_ack: 'lost',
};

export interface LiveSessionParts {
  readonly dialog: Dialog;
  readonly answer: MediaAnswer;
  readonly record: DeviceRecord;
  readonly channelId: string;
  readonly subStream: number;
  /** Absent = live. */
  readonly history?: HistoryInvite | undefined;
  /** How long the answer to an INFO is waited for. */
  readonly controlTimeoutMs: number;
  readonly steering: Steering;
  readonly log: Logger;
}

/** An INVITE dialog, with what the platform has to know to find it again. */
export class DialogSession extends EventEmitter<LiveSessionEvents> implements LiveSession {
  readonly deviceId: string;
  readonly channelId: string;
  readonly subStream: number;
  readonly history: HistoryInvite | undefined;
  #answer: MediaAnswer;
  readonly #dialog: Dialog;
  readonly #record: DeviceRecord;
  readonly #controlTimeoutMs: number;
  readonly #steering: Steering;
  readonly #log: Logger;
  /** Of MANSRTSP, which counts apart from SIP (GB/T 28181 14). */
  #cseq = 0;
  #controls: Promise<unknown> = Promise.resolve();
  #ended = false;
  #bye: Promise<void> | undefined;

  constructor(parts: LiveSessionParts) {
    super();
    const { dialog, answer, record, channelId, subStream, log } = parts;
    const { sourceAddress } = record.state;
    this.history = parts.history;
    this.#controlTimeoutMs = parts.controlTimeoutMs;
    this.#steering = parts.steering;
    this.#dialog = dialog;
    this.#answer = answer;
    this.#record = record;
    this.deviceId = record.id;
    this.channelId = channelId;
    this.subStream = subStream;
    this.#log = log;
    dialog.once('answered', ({ body }) => this.#answered(parseMediaAnswer(body, sourceAddress)));
    dialog.once('ended', (reason) => this.#end(END_REASONS[reason]));
    // A BYE right behind the 200 has ended it before anybody listened: tell it when the caller has the session.
    if (dialog.ended) setImmediate(() => this.#end('device_bye'));
  }

  get callId(): string {
    return this.#dialog.callId;
  }

  get answer(): MediaAnswer {
    return this.#answer;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get takesControl(): boolean {
    return this.#steering.takes(this.deviceId);
  }

  /** One at a time: a device that works on a seek would take a pause for the time before. */
  control(control: PlaybackControl): Promise<void> {
    const run = async (): Promise<void> => {
      this.#cseq += 1;
      await followDevice(this.#dialog, this.#record);
      await sendControl(this.#dialog, control, {
        deviceId: this.deviceId,
        cseq: this.#cseq,
        timeoutMs: this.#controlTimeoutMs,
        onOutcome: (outcome, detail) => this.#steering.note(this.deviceId, outcome, detail),
      });
    };
    const done = this.#controls.then(run);
    this.#controls = done.catch(() => undefined);
    return done;
  }

  /** MediaStatus 121 came for it (GB/T 28181 5.3). */
  fileEnded(): void {
    if (!this.#ended) safeEmit<LiveSessionEvents, 'fileEnded'>(this, this.#log, 'fileEnded');
  }

  bye(): Promise<void> {
    return this.endAs('local_bye');
  }

  /** Sends BYE and tells `reason`; the first reason stays. */
  endAs(reason: LiveSessionEnd): Promise<void> {
    this.#end(reason);
    // The dialog was ended from the other side, or is being ended: nothing more to send.
    this.#bye ??= this.#dialog.ended ? Promise.resolve() : this.#sayBye();
    return this.#bye;
  }

  async #sayBye(): Promise<void> {
    const moved = followDevice(this.#dialog, this.#record);
    if (moved !== undefined) await moved;
    await this.#dialog.bye();
  }

  /** The packets are there: an answer that says nothing of use changes nothing. */
  #answered(answer: MediaAnswer | string): void {
    if (typeof answer === 'string') {
      this.#log.debug({ callId: this.callId, fault: answer }, 'late answer without media');
      return;
    }
    this.#answer = answer;
    safeEmit<LiveSessionEvents, 'answered'>(this, this.#log, 'answered', answer);
  }

  #end(reason: LiveSessionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    safeEmit<LiveSessionEvents, 'ended'>(this, this.#log, 'ended', reason);
  }
}
