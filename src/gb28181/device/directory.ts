import { selfChannel } from '../catalogue/channels.ts';
import type { Channel } from '../catalogue/types.ts';
import { resolveSettings, type EffectiveSettings, type MediaTransport, type SettingsInForce } from './settings.ts';
import type { DeviceTable } from './table.ts';
import type { Device } from './types.ts';

export interface DirectoryOptions {
  /** For what neither the operator nor a profile sets. */
  readonly settings: EffectiveSettings;
  readonly transports: readonly MediaTransport[];
}

/** A device that nothing is known of. */
const NOBODY = { settings: {}, userAgent: '', manufacturer: '', gbVersion: '' };

/** What is known of devices and their channels, by ID: snapshots, never records. */
export class DeviceDirectory {
  readonly #table: DeviceTable;
  readonly #defaults: DirectoryOptions;

  constructor(table: DeviceTable, defaults: DirectoryOptions) {
    this.#table = table;
    this.#defaults = defaults;
  }

  devices(): Device[] {
    return Array.from(this.#table.all(), (record) => record.snapshot());
  }

  device(id: string): Device | undefined {
    return this.#table.get(id)?.snapshot();
  }

  channels(deviceId?: string): Channel[] {
    if (deviceId !== undefined) return [...(this.#table.get(deviceId)?.channels.values() ?? [])];
    const all: Channel[] = [];
    for (const record of this.#table.all()) for (const channel of record.channels.values()) all.push(channel);
    return all;
  }

  channel(deviceId: string, channelId: string): Channel | undefined {
    const record = this.#table.get(deviceId);
    const found = record?.channels.get(channelId);
    if (found !== undefined || record === undefined || channelId !== deviceId) return found;
    return selfChannel(record.snapshot());
  }

  findChannel(channelId: string): Channel | undefined {
    for (const record of this.#table.all()) {
      const channel = record.channels.get(channelId);
      if (channel !== undefined) return channel;
    }
    return this.channel(channelId, channelId);
  }

  settingsInForce(deviceId: string): SettingsInForce {
    return this.#table.get(deviceId)?.inForce ?? resolveSettings(NOBODY, this.#defaults.settings);
  }

  /** Those to try, in order. */
  mediaTransports(deviceId: string): readonly MediaTransport[] {
    const record = this.#table.get(deviceId);
    const fixed = record?.settings.mediaTransport;
    if (fixed !== undefined) return [fixed];
    const learnedTransport = record?.state.learnedTransport;
    const order = [...(learnedTransport === undefined ? [] : [learnedTransport]), ...this.#defaults.transports];
    return [...new Set(order)];
  }

  rememberTransport(deviceId: string, transport: MediaTransport): void {
    const record = this.#table.get(deviceId);
    if (record !== undefined) this.#table.update(record, { learnedTransport: transport });
  }
}
