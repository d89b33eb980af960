import { Capabilities } from './capability/capabilities.ts';
import type { CapabilityStore } from './capability/types.ts';
import { Configs } from './configuration/configs.ts';
import { Controls } from './control/controls.ts';
import type { DeviceAccess } from './device-access.ts';
import type { DeviceRecord } from './device/record.ts';
import {
  parseDeviceUpgradeResult,
  parseSnapshotFinished,
  type BasicParam,
  type SnapshotFinished,
} from './manscdp/index.ts';
import type { MessageHandlers } from './message-handlers.ts';
import { Queries } from './query/queries.ts';
import { Upgrades } from './upgrade/upgrades.ts';

export interface DeviceOperationsOptions {
  readonly access: DeviceAccess;
  readonly store: CapabilityStore | undefined;
  readonly handlers: MessageHandlers;
  readonly responseTimeoutMs: number;
  readonly now: () => number;
  readonly onBasicParam: (record: DeviceRecord, basic: BasicParam) => void;
  readonly onSnapshotFinished: (record: DeviceRecord, finished: SnapshotFinished) => void;
  /** A device reported the firmware that it has been upgraded to. */
  readonly onUpgraded: (record: DeviceRecord, firmware: string) => void;
}

/** Silence after which the rest of an answer is not waited for (GB/T 28181 7.4). */
const IDLE_MS = 5_000;

/** What the platform does with one device: controls, queries, configuration, upgrades, and what it learned of it. */
export class DeviceOperations {
  readonly capabilities: Capabilities;
  readonly controls: Controls;
  readonly queries: Queries;
  readonly configs: Configs;
  readonly upgrades: Upgrades;

  constructor(options: DeviceOperationsOptions) {
    const { access, store, handlers, responseTimeoutMs, now, onBasicParam, onSnapshotFinished, onUpgraded } = options;
    const times = { firstPartMs: responseTimeoutMs, idleMs: Math.min(IDLE_MS, responseTimeoutMs) };
    this.capabilities = new Capabilities(store, now);
    this.controls = new Controls(access, this.capabilities);
    this.queries = new Queries({
      access,
      capabilities: this.capabilities,
      times,
      onReport: (record, message) => handlers.deliver({ record, message, method: 'MESSAGE', callId: '' }),
    });
    this.configs = new Configs({ access, capabilities: this.capabilities, times, onBasicParam });
    this.upgrades = new Upgrades(this.controls, now);
    handlers.set('DeviceUpgradeResult', ({ record, message }) => {
      const result = parseDeviceUpgradeResult(message);
      this.upgrades.take(record, result);
      if (result.ok && result.firmware !== '') onUpgraded(record, result.firmware);
    });
    handlers.set('UploadSnapShotFinished', ({ record, message }) => {
      onSnapshotFinished(record, parseSnapshotFinished(message));
    });
  }

  /** The device was removed. */
  forget(deviceId: string): void {
    this.capabilities.forget(deviceId);
    this.upgrades.forget(deviceId);
  }
}
