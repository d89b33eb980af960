import type { Commander } from './commander.ts';
import type { DeviceRecord } from './device/record.ts';
import type { DeviceTable } from './device/table.ts';
import { DeviceOfflineError, DeviceUnknownError } from './errors.ts';
import type { PendingTable } from './pending-table.ts';

/** How the parts of the platform reach devices. */
export class DeviceAccess {
  readonly commander: Commander;
  readonly pending: PendingTable;
  /** Aborts when the platform closes. */
  readonly closing: AbortSignal;
  readonly #table: DeviceTable;

  constructor(parts: {
    readonly commander: Commander;
    readonly pending: PendingTable;
    readonly closing: AbortSignal;
    readonly table: DeviceTable;
  }) {
    this.commander = parts.commander;
    this.pending = parts.pending;
    this.closing = parts.closing;
    this.#table = parts.table;
  }

  /** @throws DeviceUnknownError */
  known(deviceId: string): DeviceRecord {
    const record = this.#table.get(deviceId);
    if (record === undefined) throw new DeviceUnknownError(deviceId);
    return record;
  }

  /** @throws DeviceOfflineError */
  online(deviceId: string): DeviceRecord {
    const record = this.#table.get(deviceId);
    if (record === undefined) throw new DeviceOfflineError(deviceId, 'not known');
    if (!record.state.online) throw new DeviceOfflineError(deviceId, record.state.offlineReason);
    return record;
  }
}
