import { errorMessage, type Logger } from '../../util/index.ts';
import { DeadlineWheel } from '../deadline-wheel.ts';
import type { DeviceRecord } from '../device/record.ts';
import { SUBSCRIPTION_KINDS, type SubscriptionKind } from '../manscdp/index.ts';
import { Subscriber, type Refusal, type SubscriberOptions } from './subscriber.ts';
import { Subscription, type Grant } from './subscription.ts';
import { parseSubscriptionState, type SubscriptionStateHeader } from './subscription-state.ts';
import type { SubscriptionCounters, SubscriptionOptions, SubscriptionView, WantedSubscriptions } from './types.ts';

export interface SubscriptionsOptions extends Omit<SubscriberOptions, 'positionIntervalSec'> {
  readonly options: SubscriptionOptions;
  readonly log: Logger;
  /** Told when what `view` shows has changed. */
  readonly onChanged: (deviceId: string) => void;
  /** Requests under way together; default 50. */
  readonly concurrency?: number;
}

/** A NOTIFY of a device, subscribed to or not. */
export interface ReceivedNotify {
  readonly record: DeviceRecord;
  readonly callId: string;
  /** Its To has a tag: it names a dialog, be it ours or not. */
  readonly inDialog: boolean;
  /** Value of Subscription-State. */
  readonly state: string | undefined;
  /** Of its body; undefined where it has none. */
  readonly cmdType: string | undefined;
}

const DEFAULT_CONCURRENCY = 50;
/** As long as others wait, so long passes between two of one turn: after a power cut nothing else is to suffer. */
const PACE_MS = 500;
const GOODBYE_CONCURRENCY = 200;
/** Within the limit of dialogs of the SIP engine. */
const MAX_SUBSCRIPTIONS = 80_000;
/** A device that has just registered is asked other things first. */
const SETTLE_MS = 2_000;
/** Statuses that say "not this event" or "not you" and will say so again (RFC 6665 4.1.2, RFC 3261 21.4). */
const FINAL_STATUSES: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 406, 407, 415, 420, 488, 489, 501, 606]);
const INTERVAL_TOO_BRIEF = 423;
/** Reasons of an end after which to ask again makes no sense soon (RFC 6665 4.1.3). */
const FINAL_REASONS: ReadonlySet<string> = new Set(['rejected', 'noresource', 'invariant']);

/** Keeps the wanted subscriptions of all devices: one wheel of deadlines, a bounded number of requests at a time. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #subscriber: Subscriber;
  /** A few of each device: a map for each would be the greater part of it. */
  readonly #devices = new Map<string, readonly Subscription[]>();
  readonly #byCallId = new Map<string, Subscription>();
  readonly #wheel: DeadlineWheel<Subscription>;
  readonly #queue = new Set<Subscription>();
  readonly #counts = { subscribed: 0, refreshed: 0, failed: 0, terminated: 0, notifies: 0, superseded: 0 };
  #running = 0;
  #closed = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    const { positionIntervalSec } = options.options;
    this.#subscriber = new Subscriber({ ...options, positionIntervalSec });
    this.#wheel = new DeadlineWheel(options.now, (subscription) => this.#due(subscription));
  }

  get counters(): SubscriptionCounters {
    let active = 0;
    for (const { state } of this.#byCallId.values()) if (state === 'active') active += 1;
    return { active, ...this.#counts };
  }

  /** The device came from offline, or restarted: what it holds is refreshed, what it has forgotten or refused is asked for anew. */
  deviceOnline(record: DeviceRecord): void {
    this.#review(record, (subscription) => {
      subscription.forgive();
      this.#schedule(subscription, this.#options.now() + SETTLE_MS);
    });
  }

  /** Its settings may have changed. */
  deviceChanged(record: DeviceRecord): void {
    if (!record.state.online && !this.#devices.has(record.id)) return;
    this.#review(record, () => undefined);
  }

  deviceRemoved(deviceId: string): void {
    const known = this.#devices.get(deviceId);
    this.#devices.delete(deviceId);
    for (const subscription of known ?? []) this.#stop(subscription);
  }

  /** Also those that the device refuses are tried now. */
  renew(record: DeviceRecord): void {
    this.#review(record, (subscription) => {
      subscription.forgive();
      this.#schedule(subscription, this.#options.now());
    });
    for (const subscription of this.#devices.get(record.id) ?? []) this.#enqueueWhenDue(subscription);
  }

  view(deviceId: string): SubscriptionView[] {
    return SUBSCRIPTION_KINDS.map((kind) => this.#of(deviceId, kind)?.view() ?? { kind, state: 'off', notifies: 0 });
  }

  /**
   * Counts it, and heeds what it says about the subscription; false where it is to be answered 481 and left aside.
   *
   * RFC 6665 4.1.3 has 481 for each NOTIFY that belongs to no subscription. Here most of those are taken: devices tell
   * without being subscribed to (GB/T 28181 11.1), some get the dialog wrong, and after a crash of ours that of before
   * is the only one that tells until the new one stands. Only what would come twice is refused: a dialog that is not
   * ours, beside one of the same kind in which the device has shown that it tells. The 481 ends it at the device
   * (RFC 6665 4.2.2).
   */
  noteNotify({ record, callId, inDialog, state, cmdType }: ReceivedNotify): boolean {
    this.#counts.notifies += 1;
    const byCallId = this.#byCallId.get(callId);
    const own = byCallId?.record === record;
    const subscription = own ? byCallId : this.#ofType(record, cmdType);
    if (subscription === undefined) return true;
    if (!own && inDialog && subscription.tells) {
      this.#counts.superseded += 1;
      return false;
    }
    subscription.noteNotify(this.#options.now(), own);
    // Of a dialog that is not ours only the body counts.
    if (own && state !== undefined) this.#heed(subscription, parseSubscriptionState(state));
    return true;
  }

  deviceOf(callId: string): DeviceRecord | undefined {
    return this.#byCallId.get(callId)?.record;
  }

  /** Tells the devices that are online, as many as answer until the caller loses patience. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wheel.close();
    this.#queue.clear();
    const all = this.#byCallId.values();
    const worker = async (): Promise<void> => {
      for (const subscription of all) await this.#subscriber.unsubscribe(subscription);
    };
    await Promise.all(Array.from({ length: GOODBYE_CONCURRENCY }, worker));
    this.#byCallId.clear();
    this.#devices.clear();
  }

  /** Makes what is wanted, stops what is not, and does `wanted` with each of the former. */
  #review(record: DeviceRecord, wanted: (subscription: Subscription) => void): void {
    if (this.#closed) return;
    for (const kind of SUBSCRIPTION_KINDS) {
      const known = this.#of(record.id, kind);
      if (!this.#wants(record)[kind]) {
        if (known?.wanted === true) this.#stop(known);
        continue;
      }
      const subscription = known ?? this.#add(record, kind);
      const isNew = !subscription.wanted;
      if (isNew) this.#schedule(subscription, this.#options.now() + SETTLE_MS);
      else wanted(subscription);
    }
  }

  #wants({ state: { settings } }: DeviceRecord): WantedSubscriptions {
    return { ...this.#options.options.wanted, ...settings.subscriptions };
  }

  #add(record: DeviceRecord, kind: SubscriptionKind): Subscription {
    const subscription = new Subscription(record, kind, this.#options.options.expiresSec);
    // A list that grows by pushing would keep room for seventeen.
    this.#devices.set(record.id, [...(this.#devices.get(record.id) ?? []), subscription]);
    return subscription;
  }

  #of(deviceId: string, kind: SubscriptionKind): Subscription | undefined {
    return this.#devices.get(deviceId)?.find((subscription) => subscription.kind === kind);
  }

  #ofType(record: DeviceRecord, cmdType: string | undefined): Subscription | undefined {
    const kind = SUBSCRIPTION_KINDS.find((each) => each.toLowerCase() === cmdType?.toLowerCase());
    return kind === undefined ? undefined : this.#of(record.id, kind);
  }

  #schedule(subscription: Subscription, at: number): void {
    subscription.wait(at);
    this.#wheel.schedule(subscription);
  }

  #due(subscription: Subscription): void {
    const { record } = subscription;
    if (this.#closed || !subscription.wanted || subscription.busy) return;
    // It comes again with the device.
    if (!record.state.online) return subscription.wait(Infinity);
    subscription.busy = true;
    this.#queue.add(subscription);
    return this.#next();
  }

  #enqueueWhenDue(subscription: Subscription): void {
    if (subscription.deadlineAt > this.#options.now()) return;
    this.#wheel.remove(subscription);
    this.#due(subscription);
  }

  #next(): void {
    const limit = this.#options.concurrency ?? DEFAULT_CONCURRENCY;
    for (const subscription of this.#queue) {
      if (this.#running >= limit) return;
      this.#queue.delete(subscription);
      this.#running += 1;
      void this.#run(subscription).finally(() => this.#release());
    }
  }

  #release(): void {
    const release = (): void => {
      this.#running -= 1;
      this.#next();
    };
    if (this.#queue.size === 0) release();
    else setTimeout(release, PACE_MS).unref();
  }

  async #run(subscription: Subscription): Promise<void> {
    try {
      await this.#attempt(subscription);
    } catch (error) {
      this.#options.log.error({ deviceId: subscription.record.id, error: errorMessage(error) }, 'subscription failed');
      this.#fail(subscription, { code: 'unreachable' });
    } finally {
      subscription.busy = false;
      // What was decided while the request was under way.
      if (!this.#closed && subscription.wanted) this.#wheel.schedule(subscription);
      this.#options.onChanged(subscription.record.id);
    }
  }

  /** In the dialog as long as it holds; where the device does not know it any more, or falls silent, a new one. */
  async #attempt(subscription: Subscription): Promise<void> {
    const { dialog } = subscription;
    subscription.state = 'subscribing';
    if (dialog !== undefined && !dialog.ended && subscription.expiresAt > this.#options.now()) {
      const refreshed = await this.#subscriber.refresh(subscription, dialog);
      if ('dialog' in refreshed) return this.#granted(subscription, refreshed, 'refreshed');
    }
    if (this.#closed || !subscription.wanted) return undefined;
    this.#forget(subscription);
    if (this.#byCallId.size >= MAX_SUBSCRIPTIONS) return this.#fail(subscription, { code: 'limit' });
    return this.#open(subscription, true);
  }

  async #open(subscription: Subscription, mayAskLonger: boolean): Promise<void> {
    const { record } = subscription;
    if (subscription.kind === 'ptzPosition' && Number.parseFloat(record.state.gbVersion) < 3) {
      return this.#fail(subscription, { code: 'edition' });
    }
    const answer = this.#subscriber.subscribe(subscription);
    this.#byCallId.set(subscription.callId, subscription);
    const result = await answer;
    if ('dialog' in result) return this.#granted(subscription, result, 'subscribed');
    const minimum = result.code === 'rejected' ? minimumSec(result) : undefined;
    this.#forget(subscription);
    if (minimum === undefined || !mayAskLonger) return this.#fail(subscription, result);
    subscription.expiresSec = minimum;
    return this.#open(subscription, false);
  }

  #granted(subscription: Subscription, grant: Grant, how: 'subscribed' | 'refreshed'): void | Promise<void> {
    this.#counts[how] += 1;
    // Not wanted any more, or closed, while it was asked for.
    const wanted = subscription.wanted && !this.#closed;
    if (wanted) return subscription.grant(grant, this.#options.now());
    subscription.dialog = grant.dialog;
    return this.#subscriber.unsubscribe(subscription);
  }

  #fail(subscription: Subscription, refusal: Refusal | { readonly code: 'limit' | 'edition' }): void {
    if (!subscription.wanted) return;
    this.#counts.failed += 1;
    const { record, kind } = subscription;
    const status = 'response' in refusal ? refusal.response.status : undefined;
    const unsupported = refusal.code === 'edition' || (status !== undefined && FINAL_STATUSES.has(status));
    const message = messageOf(refusal);
    const at = this.#options.now();
    subscription.fail({ code: refusal.code, message, at, ...(status !== undefined && { status }) }, { unsupported });
    this.#options.log.info({ deviceId: record.id, kind, message, state: subscription.state }, 'not subscribed');
  }

  #heed(subscription: Subscription, { ended, reason, leftSec, retryAfterSec }: SubscriptionStateHeader): void {
    const now = this.#options.now();
    if (!ended) {
      if (leftSec === undefined || subscription.state !== 'active') return;
      subscription.shorten(leftSec, now);
      this.#wheel.schedule(subscription);
      return;
    }
    // A request is under way: its answer decides.
    if (subscription.busy || !subscription.wanted) return;
    this.#counts.terminated += 1;
    this.#forget(subscription);
    const message = reason === '' ? 'ended by the device' : `ended by the device: ${reason}`;
    const unsupported = FINAL_REASONS.has(reason);
    subscription.fail({ code: 'terminated', message, at: now }, { unsupported, afterMs: (retryAfterSec ?? 0) * 1000 });
    this.#wheel.schedule(subscription);
    this.#options.onChanged(subscription.record.id);
  }

  #stop(subscription: Subscription): void {
    subscription.state = 'off';
    this.#wheel.remove(subscription);
    if (this.#queue.delete(subscription)) subscription.busy = false;
    // One that is under way ends itself.
    if (subscription.busy) return;
    this.#byCallId.delete(subscription.callId);
    void this.#subscriber.unsubscribe(subscription);
    subscription.dialog = undefined;
  }

  #forget(subscription: Subscription): void {
    this.#byCallId.delete(subscription.callId);
    subscription.drop();
  }
}

/** Min-Expires of a 423 (RFC 3261 21.4.17). */
function minimumSec({ response }: Extract<Refusal, { code: 'rejected' }>): number | undefined {
  const text = response.headers.get('Min-Expires')?.trim() ?? '';
  return response.status === INTERVAL_TOO_BRIEF && /^\d{1,8}$/.test(text) ? Number(text) : undefined;
}

function messageOf(refusal: Refusal | { readonly code: 'limit' | 'edition' }): string {
  switch (refusal.code) {
    case 'rejected':
      return `${refusal.response.status} ${refusal.response.reason}`;
    case 'timeout':
      return 'no answer';
    case 'unreachable':
      return 'no path to the device';
    case 'edition':
      return 'the device speaks GB/T 28181-2016, which has no such event';
    case 'limit':
      return `${MAX_SUBSCRIPTIONS} subscriptions are open, limit ${MAX_SUBSCRIPTIONS}`;
  }
}
