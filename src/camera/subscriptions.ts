import {
  formatManscdp,
  MANSCDP_CONTENT_TYPE,
  parseManscdp,
  parseSubscriptionQuery,
  type ManscdpParts,
  type SubscriptionKind,
} from '../gb28181/manscdp/index.ts';
import { tagOf, type Dialog, type IncomingRequest } from '../sip/index.ts';
import { errorMessage, type Logger } from '../util/index.ts';
import type { DeviceIndex, VirtualDevice } from './device.ts';
import type { PlatformLink } from './link.ts';
import type { Scheduled } from './wheel.ts';

export interface SubscriptionsOptions {
  readonly devices: DeviceIndex;
  readonly link: PlatformLink;
  readonly log: Logger;
  /** The first NOTIFY is due (RFC 6665 4.2.1.2). */
  readonly onOpened: (subscription: Subscription) => void;
  /** The first of a kind came, or the last one went. */
  readonly onSubscribed: (deviceId: string, kind: SubscriptionKind, active: boolean) => void;
}

export interface Subscription {
  readonly kind: SubscriptionKind;
  readonly device: VirtualDevice;
  readonly dialog: Dialog;
  readonly event: string;
  readonly intervalSec: number;
  /** Unix ms. */
  expiresAt: number;
  timer?: Scheduled;
  /** NOTIFYs leave in order, each after the answer to the one before. */
  last: Promise<unknown>;
  waiting: number;
}

const DEFAULT_EXPIRES_SEC = 600;
const MAX_WAITING = 1_000;
/** Of one device and kind; one more takes the place of the oldest. */
const MAX_OF_KIND = 4;

/** What the platform has subscribed to: each SUBSCRIBE outside of a dialog makes one more (RFC 6665 4.2.1). */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #byDialog = new Map<Dialog, Subscription>();
  readonly #ofKind = new Map<string, Subscription[]>();
  #closed = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** A new one, a refresh, or the end; 481 where the dialog is none of ours, as after a restart (RFC 3261 12.2.2). */
  handle(incoming: IncomingRequest): void {
    const { dialog, request } = incoming;
    if (dialog !== undefined) this.#refresh(incoming, this.#byDialog.get(dialog));
    else if (tagOf(request.headers.get('To') ?? '') !== undefined) incoming.reply(481);
    else this.#open(incoming);
  }

  active(device: VirtualDevice, kind: SubscriptionKind): Subscription[] {
    return this.#ofKind.get(keyOf(device, kind))?.filter(isActive) ?? [];
  }

  /** One NOTIFY for each that is active; false where there is none. */
  async tell(device: VirtualDevice, kind: SubscriptionKind, parts: () => ManscdpParts): Promise<boolean> {
    const all = this.active(device, kind);
    await Promise.all(all.map((subscription) => this.notify(subscription, parts())));
    return all.length > 0;
  }

  notify(subscription: Subscription, parts: ManscdpParts | undefined): Promise<unknown> {
    if (subscription.waiting >= MAX_WAITING) return subscription.last;
    subscription.waiting += 1;
    subscription.last = subscription.last.then(() => this.#send(subscription, parts));
    return subscription.last;
  }

  /** As a device that restarts: without a word. */
  forget(device: VirtualDevice): void {
    for (const subscription of this.#byDialog.values()) if (subscription.device === device) this.#end(subscription);
  }

  close(): void {
    this.#closed = true;
    for (const { timer, dialog } of this.#byDialog.values()) {
      timer?.cancel();
      dialog.drop();
    }
    this.#byDialog.clear();
    this.#ofKind.clear();
  }

  #open(incoming: IncomingRequest): void {
    const command = parseManscdp(incoming.request.body);
    const asked = typeof command === 'string' ? undefined : parseSubscriptionQuery(command);
    const device = typeof command === 'string' ? undefined : this.#options.devices.device(command.deviceId);
    if (asked === undefined || device === undefined) incoming.reply(asked === undefined ? 489 : 404);
    else void this.#accept(incoming, { device, ...asked });
  }

  async #accept(
    incoming: IncomingRequest,
    { device, kind, intervalSec }: { device: VirtualDevice; kind: SubscriptionKind; intervalSec: number },
  ): Promise<void> {
    const expiresSec = expiresOf(incoming);
    try {
      const dialog = await incoming.accept({ contactUser: device.id, headers: [['Expires', String(expiresSec)]] });
      if (this.#closed || expiresSec === 0) return dialog.drop();
      const event = incoming.request.headers.get('Event') ?? 'presence';
      const expiresAt = Date.now() + expiresSec * 1000;
      const last = Promise.resolve();
      this.#add({ kind, device, dialog, event, intervalSec, expiresAt, last, waiting: 0 });
    } catch (error) {
      this.#options.log.warn({ deviceId: device.id, kind, error: errorMessage(error) }, 'subscription not accepted');
    }
    return undefined;
  }

  #add(subscription: Subscription): void {
    const { device, kind, dialog } = subscription;
    const before = this.#ofKind.get(keyOf(device, kind)) ?? [];
    const live = before.filter(isActive);
    this.#byDialog.set(dialog, subscription);
    this.#ofKind.set(keyOf(device, kind), [...live, subscription]);
    for (const each of before) if (!live.includes(each)) this.#end(each);
    if (live.length >= MAX_OF_KIND) this.#end(live[0]);
    // Also where the platform answers a NOTIFY with 481 (RFC 6665 4.2.2).
    dialog.once('ended', () => this.#end(subscription));
    if (live.length === 0) this.#options.onSubscribed(device.id, kind, true);
    this.#options.onOpened(subscription);
  }

  #refresh(incoming: IncomingRequest, known: Subscription | undefined): void {
    if (known === undefined || !isActive(known)) {
      incoming.reply(481);
      this.#end(known);
      return;
    }
    const expiresSec = expiresOf(incoming);
    incoming.reply(200, { contactUser: known.device.id, headers: [['Expires', String(expiresSec)]] });
    known.expiresAt = Date.now() + expiresSec * 1000;
    if (expiresSec === 0) this.#end(known);
  }

  #end(subscription: Subscription | undefined): void {
    if (subscription === undefined || !this.#byDialog.delete(subscription.dialog)) return;
    const { device, kind, dialog, timer } = subscription;
    const key = keyOf(device, kind);
    const left = this.#ofKind.get(key)?.filter((each) => each !== subscription) ?? [];
    timer?.cancel();
    dialog.drop();
    if (left.length > 0) this.#ofKind.set(key, left);
    else {
      this.#ofKind.delete(key);
      this.#options.onSubscribed(device.id, kind, false);
    }
  }

  async #send(subscription: Subscription, parts: ManscdpParts | undefined): Promise<void> {
    const { link, log } = this.#options;
    const { dialog, event, expiresAt, kind, device } = subscription;
    const left = Math.max(0, Math.round((expiresAt - Date.now()) / 1000));
    try {
      await dialog.request('NOTIFY', {
        headers: [
          ['Event', event],
          ['Subscription-State', `active;expires=${left};retry-after=0`],
        ],
        ...(parts !== undefined && { contentType: MANSCDP_CONTENT_TYPE, body: formatManscdp(parts, link.charset) }),
      });
    } catch (error) {
      log.debug({ deviceId: device.id, kind, error: errorMessage(error) }, 'NOTIFY not delivered');
    } finally {
      subscription.waiting -= 1;
    }
  }
}

function isActive({ expiresAt }: Subscription): boolean {
  return expiresAt > Date.now();
}

function expiresOf({ request }: IncomingRequest): number {
  const header = request.headers.get('Expires')?.trim() ?? '';
  return /^\d{1,9}$/.test(header) ? Number(header) : DEFAULT_EXPIRES_SEC;
}

function keyOf({ id }: VirtualDevice, kind: SubscriptionKind): string {
  return `${id} ${kind}`;
}
