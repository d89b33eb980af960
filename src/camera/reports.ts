import {
  alarmNotify,
  catalogNotify,
  EMPTY_CATALOG_ITEM,
  formatManscdp,
  MANSCDP_CONTENT_TYPE,
  parseManscdp,
  parseSubscriptionQuery,
  positionNotify,
  ptzPositionNotify,
  type AlarmFacts,
  type CatalogEvent,
  type ManscdpParts,
  type PositionFacts,
  type SubscriptionKind,
} from '../gb28181/manscdp/index.ts';
import type { Dialog, IncomingRequest } from '../sip/index.ts';
import { errorMessage, type Logger } from '../util/index.ts';
import type { DeviceIndex, VirtualChannel, VirtualDevice } from './device.ts';
import type { PlatformLink } from './link.ts';
import { placeAt, type Place } from './place.ts';
import type { Scheduled, Wheel } from './wheel.ts';

export interface ReportsOptions {
  readonly devices: DeviceIndex;
  readonly link: PlatformLink;
  readonly wheel: Wheel;
  readonly log: Logger;
  /** Of the first channel; the others stand around it. */
  readonly place?: Place | undefined;
  readonly moving: boolean;
  /** Seconds between two alarms by itself; 0 = none. */
  readonly alarmEverySec: number;
  /** Seconds after which the last channel goes off, or on again; 0 = never. */
  readonly flappingSec: number;
  readonly onSubscribed: (deviceId: string, kind: SubscriptionKind, active: boolean) => void;
}

interface Subscription {
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
const MOTION: AlarmFacts = { priority: 3, method: 5, type: 2, eventType: 0, description: '移动侦测' };
const PTZ_STEP = 5;

/** What the devices of this process tell by themselves (GB/T 28181 sections 10 and 11). */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #off = new Set<string>();
  readonly #pans = new Map<string, number>();
  readonly #startedAt = Date.now();
  #closed = false;

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.#repeat(options.alarmEverySec, () => this.#alarmOfAny());
    this.#repeat(options.flappingSec, () => this.#flap());
  }

  isOff(channelId: string): boolean {
    return this.#off.has(channelId);
  }

  /** Where a channel is now; undefined where it has no place. */
  placeOf(channelId: string): PositionFacts | undefined {
    const { place, moving, devices } = this.#options;
    if (place === undefined) return undefined;
    const index = devices.all.flatMap(({ channels }) => channels).findIndex(({ id }) => id === channelId);
    const at = Date.now();
    return { id: channelId, at, ...placeAt(place, { index, ...(moving && { elapsedMs: at - this.#startedAt }) }) };
  }

  /** SUBSCRIBE of the platform: new, refresh, or end. */
  subscribe(incoming: IncomingRequest): void {
    const command = parseManscdp(incoming.request.body);
    const asked = typeof command === 'string' ? undefined : parseSubscriptionQuery(command);
    const device = typeof command === 'string' ? undefined : this.#options.devices.device(command.deviceId);
    if (asked === undefined || device === undefined) {
      incoming.reply(asked === undefined ? 489 : 404);
      return;
    }
    const header = incoming.request.headers.get('Expires')?.trim() ?? '';
    const expiresSec = /^\d{1,9}$/.test(header) ? Number(header) : DEFAULT_EXPIRES_SEC;
    const known = this.#subscriptions.get(keyOf(device, asked.kind));
    if (incoming.dialog !== undefined) this.#refresh(incoming, known, expiresSec);
    else void this.#open(incoming, { device, ...asked, expiresSec });
  }

  /** In a NOTIFY where alarms are subscribed to, else in a MESSAGE. @throws as `PlatformLink.message` */
  async alarm(channelId: string, more: Partial<AlarmFacts> = {}): Promise<void> {
    const device = this.#options.devices.device(channelId);
    if (device === undefined) throw new RangeError(`no channel ${channelId}`);
    const parts = alarmNotify(device.nextSn(), channelId, { ...MOTION, alarmedAt: Date.now(), ...more });
    const subscription = this.#active(device, 'alarm');
    if (subscription === undefined) await this.#options.link.message(device.id, parts);
    else await this.#notify(subscription, parts);
  }

  /** The channel goes off, or on again; the platform is told where it has subscribed to the catalogue. */
  async setChannel(channelId: string, event: CatalogEvent): Promise<void> {
    if (event === 'ON') this.#off.delete(channelId);
    else this.#off.add(channelId);
    const device = this.#options.devices.device(channelId);
    const subscription = device === undefined ? undefined : this.#active(device, 'catalog');
    if (subscription === undefined) return;
    const change = { event, item: { ...EMPTY_CATALOG_ITEM, id: channelId } };
    await this.#notify(subscription, catalogNotify(subscription.device.nextSn(), subscription.device.id, [change]));
  }

  /** A PTZ command moves the camera, 1 to the right, -1 to the left: in steps, whatever its speed. */
  turned(channelId: string, pan: number): void {
    if (pan === 0) return;
    const device = this.#options.devices.device(channelId);
    const subscription = device === undefined ? undefined : this.#active(device, 'ptzPosition');
    this.#pans.set(channelId, ((this.#pans.get(channelId) ?? 0) + pan * PTZ_STEP + 360) % 360);
    if (subscription !== undefined) void this.#notify(subscription, this.#ptzPosition(subscription, channelId));
  }

  close(): void {
    this.#closed = true;
    for (const { timer, dialog } of this.#subscriptions.values()) {
      timer?.cancel();
      dialog.drop();
    }
    this.#subscriptions.clear();
  }

  async #open(
    incoming: IncomingRequest,
    asked: { device: VirtualDevice; kind: SubscriptionKind; intervalSec: number; expiresSec: number },
  ): Promise<void> {
    const { device, kind, intervalSec, expiresSec } = asked;
    const { log, onSubscribed } = this.#options;
    try {
      const dialog = await incoming.accept({ contactUser: device.id, headers: [['Expires', String(expiresSec)]] });
      this.#end(this.#subscriptions.get(keyOf(device, kind)));
      if (this.#closed || expiresSec === 0) return dialog.drop();
      const event = incoming.request.headers.get('Event') ?? 'presence';
      const expiresAt = Date.now() + expiresSec * 1000;
      const subscription: Subscription = {
        kind,
        device,
        dialog,
        event,
        intervalSec,
        expiresAt,
        last: Promise.resolve(),
        waiting: 0,
      };
      this.#subscriptions.set(keyOf(device, kind), subscription);
      onSubscribed(device.id, kind, true);
      this.#tellState(subscription);
    } catch (error) {
      log.warn({ deviceId: device.id, kind, error: errorMessage(error) }, 'subscription not accepted');
    }
    return undefined;
  }

  #refresh(incoming: IncomingRequest, known: Subscription | undefined, expiresSec: number): void {
    if (known === undefined || known.dialog !== incoming.dialog) {
      incoming.reply(481);
      return;
    }
    incoming.reply(200, { contactUser: known.device.id, headers: [['Expires', String(expiresSec)]] });
    known.expiresAt = Date.now() + expiresSec * 1000;
    if (expiresSec > 0) return;
    this.#options.onSubscribed(known.device.id, known.kind, false);
    this.#end(known);
  }

  #end(subscription: Subscription | undefined): void {
    if (subscription === undefined) return;
    subscription.timer?.cancel();
    subscription.dialog.drop();
    this.#subscriptions.delete(keyOf(subscription.device, subscription.kind));
  }

  #active(device: VirtualDevice, kind: SubscriptionKind): Subscription | undefined {
    const subscription = this.#subscriptions.get(keyOf(device, kind));
    return subscription !== undefined && subscription.expiresAt > Date.now() ? subscription : undefined;
  }

  /** The first NOTIFY follows at once (RFC 6665 4.2.2): for the catalogue what is off, for places where they are. */
  #tellState(subscription: Subscription): void {
    const { kind, device } = subscription;
    switch (kind) {
      case 'catalog': {
        const off = device.channels.filter(({ id }) => this.isOff(id));
        const changes = off.map(({ id }) => ({ event: 'OFF' as const, item: { ...EMPTY_CATALOG_ITEM, id } }));
        void this.#notify(subscription, catalogNotify(device.nextSn(), device.id, changes));
        return;
      }
      case 'alarm':
        void this.#notify(subscription, undefined);
        return;
      case 'mobilePosition':
        this.#tellPlaces(subscription);
        return;
      case 'ptzPosition':
        for (const { id } of device.channels) void this.#notify(subscription, this.#ptzPosition(subscription, id));
    }
  }

  /** Again after each interval, as long as it is subscribed to. */
  #tellPlaces(subscription: Subscription): void {
    const { device, intervalSec } = subscription;
    for (const { id } of device.channels) {
      const position = this.placeOf(id);
      if (position === undefined) continue;
      void this.#notify(subscription, positionNotify(device.nextSn(), { form: 'flat', deviceId: id, position }));
    }
    subscription.timer = this.#options.wheel.after(intervalSec * 1000, () => {
      if (this.#active(device, 'mobilePosition') === subscription) this.#tellPlaces(subscription);
    });
  }

  #ptzPosition({ device }: Subscription, channelId: string): ManscdpParts {
    return ptzPositionNotify(device.nextSn(), channelId, { pan: this.#pans.get(channelId) ?? 0, tilt: 0, zoom: 1 });
  }

  #notify(subscription: Subscription, parts: ManscdpParts | undefined): Promise<unknown> {
    if (subscription.waiting >= MAX_WAITING) return subscription.last;
    subscription.waiting += 1;
    subscription.last = subscription.last.then(() => this.#send(subscription, parts));
    return subscription.last;
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

  #alarmOfAny(): void {
    const channels = this.#channels();
    const channel = channels[Math.floor(Math.random() * channels.length)];
    if (channel === undefined) return;
    const place = this.placeOf(channel.id);
    this.alarm(channel.id, place === undefined ? {} : { longitude: place.longitude, latitude: place.latitude }).catch(
      (error: unknown) => this.#options.log.debug({ error: errorMessage(error) }, 'alarm not delivered'),
    );
  }

  #flap(): void {
    const last = this.#channels().at(-1);
    if (last !== undefined) void this.setChannel(last.id, this.isOff(last.id) ? 'ON' : 'OFF');
  }

  #channels(): VirtualChannel[] {
    return this.#options.devices.all.flatMap(({ channels }) => channels);
  }

  #repeat(everySec: number, run: () => void): void {
    if (everySec === 0) return;
    this.#options.wheel.after(everySec * 1000, () => {
      run();
      this.#repeat(everySec, run);
    });
  }
}

function keyOf({ id }: VirtualDevice, kind: SubscriptionKind): string {
  return `${id} ${kind}`;
}
