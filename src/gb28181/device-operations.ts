import { ownText } from '../sip/index.ts';
import { Capabilities } from './capability/capabilities.ts';
import type { CapabilityStore } from './capability/types.ts';
import { Configs } from './configuration/configs.ts';
import { Controls } from './control/controls.ts';
import type { DeviceAccess } from './device-access.ts';
import type { DeviceRecord } from './device/record.ts';
import type { Device } from './device/types.ts';
import {
  parseDeviceUpgradeResult,
  parseSnapshotFinished,
  type BasicParam,
  type DeviceInfo,
  type SnapshotFinished,
} from './manscdp/index.ts';
import type { MessageHandlers } from './message-handlers.ts';
import { Queries } from './query/queries.ts';
import { Steering } from './session/steering.ts';
import { Upgrades } from './upgrade/upgrades.ts';

export interface DeviceOperationsOptions {
  readonly access: DeviceAccess;
  readonly store: CapabilityStore | undefined;
  readonly handlers: MessageHandlers;
  readonly responseTimeoutMs: number;
  readonly now: () => number;
  /** Writes down what a device has told about itself. */
  readonly update: (record: DeviceRecord, change: Partial<Device>) => Device;
  readonly onSnapshotFinished: (record: DeviceRecord, finished: SnapshotFinished) => void;
}

/** Silence after which the rest of an answer is not waited for (GB/T 28181 7.4). */
const IDLE_MS = 5_000;

/** What the platform does with one device: controls, queries, configuration, upgrades, and what it learned of it. */
export class DeviceOperations {
  readonly capabilities: Capabilities;
  readonly steering: Steering;
  readonly controls: Controls;
  readonly queries: Queries;
  readonly configs: Configs;
  readonly upgrades: Upgrades;
  readonly #update: DeviceOperationsOptions['update'];

  constructor(options: DeviceOperationsOptions) {
    const { access, store, handlers, responseTimeoutMs, now, update, onSnapshotFinished } = options;
    this.#update = update;
    const times = { firstPartMs: responseTimeoutMs, idleMs: Math.min(IDLE_MS, responseTimeoutMs) };
    this.capabilities = new Capabilities(store, now);
    this.steering = new Steering(this.capabilities, now);
    this.controls = new Controls(access, this.capabilities);
    this.queries = new Queries({
      access,
      capabilities: this.capabilities,
      times,
      onReport: (record, message) => handlers.deliver({ record, message, method: 'MESSAGE', callId: '' }),
    });
    this.configs = new Configs({
      access,
      capabilities: this.capabilities,
      times,
      onBasicParam: (record, basic) => this.#basicParam(record, basic),
    });
    this.upgrades = new Upgrades(this.controls, now);
    handlers.set('DeviceUpgradeResult', ({ record, message }) => {
      const result = parseDeviceUpgradeResult(message);
      this.upgrades.take(record, result);
      if (result.ok) this.told(record, { firmware: result.firmware });
    });
    handlers.set('UploadSnapShotFinished', ({ record, message }) => {
      onSnapshotFinished(record, parseSnapshotFinished(message));
    });
  }

  /** What a device has told about itself; an empty field is "not told" (GB/T 28181 4.6): what was known stays. */
  told(record: DeviceRecord, { name = '', manufacturer = '', model = '', firmware = '' }: Partial<DeviceInfo>): Device {
    const told = Object.entries({ name, manufacturer, model, firmware }).filter(([, value]) => value !== '');
    const before = record.state.firmware;
    const device = this.#update(record, Object.fromEntries(told.map(([key, value]) => [key, ownText(value)])));
    // Other firmware may do what the one before refused.
    if (before !== '' && device.firmware !== before) this.capabilities.forget(record.id);
    return device;
  }

  #basicParam(record: DeviceRecord, { heartBeatIntervalSec, name }: BasicParam): void {
    if (heartBeatIntervalSec !== undefined) this.#update(record, { keepaliveIntervalSec: heartBeatIntervalSec });
    if (record.state.name === '' && name !== undefined) this.#update(record, { name: ownText(name) });
  }

  /** The device was removed. */
  forget(deviceId: string): void {
    this.capabilities.forget(deviceId);
    this.upgrades.forget(deviceId);
  }
}
