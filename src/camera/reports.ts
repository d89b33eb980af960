import {
  alarmNotify,
  catalogNotify,
  EMPTY_CATALOG_ITEM,
  positionNotify,
  ptzPositionNotify,
  type AlarmFacts,
  type CatalogEvent,
  type ManscdpParts,
  type PositionFacts,
  type SubscriptionKind,
} from '../gb28181/manscdp/index.ts';
import type { IncomingRequest } from '../sip/index.ts';
import { errorMessage, type Logger } from '../util/index.ts';
import type { DeviceIndex, VirtualChannel, VirtualDevice } from './device.ts';
import type { PlatformLink } from './link.ts';
import { placeAt, type Place } from './place.ts';
import { Subscriptions, type Subscription } from './subscriptions.ts';
import type { Wheel } from './wheel.ts';

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

const MOTION: AlarmFacts = { priority: 3, method: 5, type: 2, eventType: 0, description: '移动侦测' };
const PTZ_STEP = 5;

/** What the devices of this process tell by themselves (GB/T 28181 sections 10 and 11). */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #subscriptions: Subscriptions;
  readonly #off = new Set<string>();
  readonly #pans = new Map<string, number>();
  readonly #startedAt = Date.now();

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.#subscriptions = new Subscriptions({
      ...options,
      onOpened: (subscription) => this.#tellState(subscription),
    });
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

  /** SUBSCRIBE of the platform. */
  subscribe(incoming: IncomingRequest): void {
    this.#subscriptions.handle(incoming);
  }

  /** What a device that restarts does not know any more. */
  restarted(device: VirtualDevice): void {
    this.#subscriptions.forget(device);
  }

  /** In a NOTIFY where alarms are subscribed to, else in a MESSAGE. @throws as `PlatformLink.message` */
  async alarm(channelId: string, more: Partial<AlarmFacts> = {}): Promise<void> {
    const device = this.#options.devices.device(channelId);
    if (device === undefined) throw new RangeError(`no channel ${channelId}`);
    const facts = { ...MOTION, alarmedAt: Date.now(), ...more };
    device.state.addAlarm({ ...facts, channelId });
    const parts = (): ManscdpParts => alarmNotify(device.nextSn(), channelId, facts);
    if (!(await this.#subscriptions.tell(device, 'alarm', parts))) await this.#options.link.message(device.id, parts());
  }

  /** The channel goes off, or on again; the platform is told where it has subscribed to the catalogue. */
  async setChannel(channelId: string, event: CatalogEvent): Promise<void> {
    if (event === 'ON') this.#off.delete(channelId);
    else this.#off.add(channelId);
    const device = this.#options.devices.device(channelId);
    if (device === undefined) return;
    const change = { event, item: { ...EMPTY_CATALOG_ITEM, id: channelId } };
    await this.#subscriptions.tell(device, 'catalog', () => catalogNotify(device.nextSn(), device.id, [change]));
  }

  /** A PTZ command moves the camera, 1 to the right, -1 to the left: in steps, whatever its speed. */
  turned(channelId: string, pan: number): void {
    if (pan === 0) return;
    const device = this.#options.devices.device(channelId);
    this.#pans.set(channelId, ((this.#pans.get(channelId) ?? 0) + pan * PTZ_STEP + 360) % 360);
    if (device === undefined) return;
    void this.#subscriptions.tell(device, 'ptzPosition', () => this.#ptzPosition(device, channelId));
  }

  close(): void {
    this.#subscriptions.close();
  }

  /** The first NOTIFY follows at once (RFC 6665 4.2.2): for the catalogue what is off, for places where they are. */
  #tellState(subscription: Subscription): void {
    const { kind, device } = subscription;
    switch (kind) {
      case 'catalog': {
        const off = device.channels.filter(({ id }) => this.isOff(id));
        const changes = off.map(({ id }) => ({ event: 'OFF' as const, item: { ...EMPTY_CATALOG_ITEM, id } }));
        void this.#subscriptions.notify(subscription, catalogNotify(device.nextSn(), device.id, changes));
        return;
      }
      case 'alarm':
        void this.#subscriptions.notify(subscription, undefined);
        return;
      case 'mobilePosition':
        this.#tellPlaces(subscription);
        return;
      case 'ptzPosition':
        for (const { id } of device.channels)
          void this.#subscriptions.notify(subscription, this.#ptzPosition(device, id));
    }
  }

  /** Again after each interval, as long as it is subscribed to. */
  #tellPlaces(subscription: Subscription): void {
    const { device, intervalSec } = subscription;
    for (const { id } of device.channels) {
      const position = this.placeOf(id);
      if (position === undefined) continue;
      const parts = positionNotify(device.nextSn(), { form: 'flat', deviceId: id, position });
      void this.#subscriptions.notify(subscription, parts);
    }
    subscription.timer = this.#options.wheel.after(intervalSec * 1000, () => {
      if (this.#subscriptions.active(device, 'mobilePosition').includes(subscription)) this.#tellPlaces(subscription);
    });
  }

  #ptzPosition(device: VirtualDevice, channelId: string): ManscdpParts {
    return ptzPositionNotify(device.nextSn(), channelId, { pan: this.#pans.get(channelId) ?? 0, tilt: 0, zoom: 1 });
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
