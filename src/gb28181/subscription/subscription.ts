import type { Dialog } from '../../sip/index.ts';
import type { Waiting } from '../deadline-wheel.ts';
import type { DeviceRecord } from '../device/record.ts';
import type { SubscriptionKind } from '../manscdp/index.ts';
import type { SubscriptionFailure, SubscriptionState, SubscriptionView } from './types.ts';

/** Part of the granted time after which it is refreshed (GB/T 28181 11.1). */
const REFRESH_AT = 0.85;
/** Nor later than this before its end: deadlines are looked at once a second, and an answer takes its time. */
const REFRESH_LEAD_MS = 3_000;
const FIRST_RETRY_MS = 30_000;
export const RARE_RETRY_MS = 3_600_000;
/** Attempts without an answer after which the device counts as one that does not know the event. */
const SILENT_ATTEMPTS = 3;
/** One that ends sooner was no success. */
const STABLE_MS = 60_000;

/** What the device has granted. */
export interface Grant {
  readonly dialog: Dialog;
  readonly expiresSec: number;
}

/** State of one subscription of one device (RFC 6665 4.1); the messages are those of `Subscriber`. */
export class Subscription implements Waiting {
  readonly record: DeviceRecord;
  readonly kind: SubscriptionKind;
  deadlineAt = 0;
  slot: number | undefined;
  state: SubscriptionState = 'off';
  /** In the queue, or its request is under way. */
  busy = false;
  dialog: Dialog | undefined;
  callId = '';
  /** Value of Event, the same for the whole dialog. */
  event = '';
  /** Asked for; a device may want more (423). */
  expiresSec: number;
  expiresAt = 0;
  notifies = 0;
  lastNotifyAt: number | undefined;
  failure: SubscriptionFailure | undefined;
  #toldInDialog = false;
  #attempts = 0;
  #since = 0;

  constructor(record: DeviceRecord, kind: SubscriptionKind, expiresSec: number) {
    this.record = record;
    this.kind = kind;
    this.expiresSec = expiresSec;
  }

  get wanted(): boolean {
    return this.state !== 'off';
  }

  /** To be tried at `at`. */
  wait(at: number): void {
    this.state = 'waiting';
    this.deadlineAt = at;
  }

  /** A new beginning: what failed before does not count any more. */
  forgive(): void {
    this.#attempts = 0;
    this.failure = undefined;
  }

  grant({ dialog, expiresSec }: Grant, now: number): void {
    if (this.dialog !== dialog) this.#since = now;
    this.dialog = dialog;
    this.state = 'active';
    this.failure = undefined;
    this.expiresAt = now + expiresSec * 1000;
    this.deadlineAt = now + refreshAfterMs(expiresSec);
  }

  /** The notifier has shortened the time (RFC 6665 4.1.2.1). */
  shorten(leftSec: number, now: number): void {
    if (now + leftSec * 1000 >= this.expiresAt) return;
    this.expiresAt = now + leftSec * 1000;
    this.deadlineAt = now + refreshAfterMs(leftSec);
  }

  fail(failure: SubscriptionFailure, { unsupported, afterMs = 0 }: { unsupported: boolean; afterMs?: number }): void {
    if (this.#since > 0 && failure.at - this.#since >= STABLE_MS) this.#attempts = 0;
    this.#since = 0;
    this.#attempts += 1;
    this.failure = failure;
    const given = unsupported || (failure.code === 'timeout' && this.#attempts >= SILENT_ATTEMPTS);
    this.state = given ? 'unsupported' : 'backing_off';
    const backOff = Math.min(RARE_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#attempts - 1));
    this.deadlineAt = failure.at + (given ? RARE_RETRY_MS : Math.max(afterMs, backOff));
  }

  /** The dialog holds, and the device has sent a NOTIFY in it. */
  get tells(): boolean {
    return this.#toldInDialog && this.dialog?.ended === false;
  }

  noteNotify(now: number, inDialog: boolean): void {
    this.notifies += 1;
    this.lastNotifyAt = now;
    if (inDialog) this.#toldInDialog = true;
  }

  /** Forgets the dialog without a word. */
  drop(): void {
    this.dialog?.drop();
    this.dialog = undefined;
    this.#toldInDialog = false;
    this.expiresAt = 0;
  }

  view(): SubscriptionView {
    const { kind, state, expiresAt, notifies, lastNotifyAt, failure, deadlineAt } = this;
    const retries = state === 'backing_off' || state === 'unsupported';
    return {
      kind,
      state,
      notifies,
      ...(this.dialog !== undefined && { since: this.#since, expiresAt }),
      ...(retries && { nextAttemptAt: deadlineAt }),
      ...(lastNotifyAt !== undefined && { lastNotifyAt }),
      ...(failure !== undefined && { failure }),
    };
  }
}

/** Short ones are refreshed at half of their time. */
function refreshAfterMs(seconds: number): number {
  const ms = seconds * 1000;
  return Math.max(ms / 2, Math.min(ms * REFRESH_AT, ms - REFRESH_LEAD_MS));
}
