import type { EventEmitter } from 'node:events';
import type { SipEngine, SipRequest } from '../sip/index.ts';
import { safeEmit, type Logger } from '../util/index.ts';
import { AlarmList } from './alarm/alarm-list.ts';
import { CatalogChanges } from './catalogue/catalog-changes.ts';
import type { DeviceAccess } from './device-access.ts';
import type { DeviceReports, ReportsOptions, ReportStores } from './device-reports-types.ts';
import type { DeviceRecord } from './device/record.ts';
import type { DeviceTable } from './device/table.ts';
import { parsePtzPosition, parseVideoUploadNotify } from './manscdp/index.ts';
import type { DeviceMessage, MessageHandlers } from './message-handlers.ts';
import { PositionList } from './position/position-list.ts';
import { Subscriptions, type ReceivedNotify } from './subscription/subscriptions.ts';
import type { SubscriptionView } from './subscription/types.ts';
import type { PlatformEvents } from './types.ts';

interface ReportsParts {
  readonly serial: string;
  readonly realm: string;
  readonly options: ReportsOptions;
  readonly responseTimeoutMs: number;
  readonly stores: ReportStores;
  readonly engine: () => SipEngine;
  readonly access: DeviceAccess;
  readonly table: DeviceTable;
  readonly handlers: MessageHandlers;
  /** Tells of devices, and is told what they report. */
  readonly platform: EventEmitter<PlatformEvents>;
  readonly onSent: (record: DeviceRecord, request: SipRequest) => void;
  readonly now: () => number;
  readonly log: Logger;
}

/** AlarmMethod of a GPS device, whose alarm is a position too (GB/T 28181 10.5). */
const METHOD_GPS = 4;

/** Puts together what takes the reports of devices. */
export class ReportIntake implements DeviceReports {
  readonly alarms: AlarmList;
  readonly positions: PositionList;
  readonly #parts: ReportsParts;
  readonly #catalog: CatalogChanges;
  readonly #subscriptions: Subscriptions;

  constructor(parts: ReportsParts) {
    this.#parts = parts;
    const { access, options, stores, table, now, log } = parts;
    this.alarms = new AlarmList({ access, store: stores.alarms, options: options.alarms, now, log });
    this.positions = new PositionList({ store: stores.positions, options: options.positions, now, log });
    this.#catalog = new CatalogChanges({ table, now, log });
    this.#subscriptions = new Subscriptions({
      ...parts,
      options: options.subscriptions,
      nextSn: () => access.commander.nextSn(),
      onChanged: (deviceId) => this.#tell('subscriptionsChanged', deviceId),
    });
    this.#setHandlers(parts.handlers);
    this.#followDevices(parts.platform);
  }

  get counters() {
    return { subscriptions: this.#subscriptions.counters, catalog: this.#catalog.counters };
  }

  subscriptions(deviceId: string): SubscriptionView[] {
    return this.#subscriptions.view(deviceId);
  }

  renewSubscriptions(deviceId: string): SubscriptionView[] {
    this.#subscriptions.renew(this.#parts.access.online(deviceId));
    return this.#subscriptions.view(deviceId);
  }

  noteNotify(notify: ReceivedNotify): boolean {
    return this.#subscriptions.noteNotify(notify);
  }

  /** The device that this Call-ID is a subscription of. */
  subscribed(callId: string): DeviceRecord | undefined {
    return this.#subscriptions.deviceOf(callId);
  }

  /** It has forgotten what it was subscribed to. */
  deviceRestarted(record: DeviceRecord): void {
    this.#subscriptions.deviceOnline(record);
  }

  /** What came is written; ends the subscriptions, as many as answer. */
  close(): Promise<void> {
    this.alarms.close();
    this.positions.close();
    this.#catalog.close();
    return this.#subscriptions.close();
  }

  #setHandlers(handlers: MessageHandlers): void {
    handlers.set('Catalog', (told) => this.#catalog.handle(told));
    handlers.set('Alarm', (told) => this.#alarm(told));
    handlers.set('MobilePosition', (told) => this.positions.handle(told));
    handlers.set('PTZPosition', (told) => {
      const { record, message } = told;
      const channelId = idOf(told);
      this.#tell('ptzPosition', { deviceId: record.id, channelId, ...parsePtzPosition(message) });
    });
    handlers.set('VideoUploadNotify', (told) => {
      const upload = parseVideoUploadNotify(told.message);
      const { longitude, latitude, at } = upload;
      const [deviceId, channelId] = [told.record.id, idOf(told)];
      if (longitude !== undefined && latitude !== undefined)
        this.positions.add(deviceId, { id: channelId, longitude, latitude, ...(at !== undefined && { at }) });
      this.#tell('videoUpload', { deviceId, channelId, ...upload });
    });
  }

  #alarm(told: DeviceMessage): void {
    const alarm = this.alarms.handle(told);
    if (alarm === undefined || alarm.method !== METHOD_GPS) return;
    const { deviceId, channelId: id, alarmedAt: at, longitude, latitude } = alarm;
    if (longitude !== undefined && latitude !== undefined)
      this.positions.add(deviceId, { id, at, longitude, latitude });
  }

  #followDevices(platform: EventEmitter<PlatformEvents>): void {
    const { table } = this.#parts;
    const withRecord = (act: (record: DeviceRecord) => void) => (device: { readonly id: string }) => {
      const record = table.get(device.id);
      if (record !== undefined) act(record);
    };
    platform.on(
      'deviceOnline',
      withRecord((record) => this.#subscriptions.deviceOnline(record)),
    );
    platform.on(
      'deviceChanged',
      withRecord((record) => this.#subscriptions.deviceChanged(record)),
    );
    platform.on('deviceRemoved', (deviceId) => {
      this.#subscriptions.deviceRemoved(deviceId);
      this.positions.deviceRemoved(deviceId);
    });
  }

  #tell<K extends keyof PlatformEvents>(event: K, ...args: PlatformEvents[K]): void {
    safeEmit<PlatformEvents, K>(this.#parts.platform, this.#parts.log, event, ...args);
  }
}

/** Whom it is about: some leave DeviceID out. */
function idOf({ record, message }: DeviceMessage): string {
  return message.deviceId === '' ? record.id : message.deviceId;
}
