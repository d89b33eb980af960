import type { Channel, Device, DeviceStore } from '../gb28181/index.ts';
import { errorMessage, silentLogger, type Logger } from '../util/index.ts';
import type { Database } from './database.ts';
import { migrate } from './migrations.ts';
import { CHANNEL_COLUMNS, DEVICE_COLUMNS, fromRow, toValues, upsertSql } from './rows.ts';

/** A DeviceStore that gathers writes and puts them into one transaction every `flushMs`. */
export interface SqliteDeviceStore extends DeviceStore {
  /** Writes what is buffered now; also done by every load and before the database closes. */
  flush(): void;
}

export interface DeviceStoreOptions {
  readonly flushMs?: number;
  readonly log?: Logger;
}

const MIGRATIONS = [
  `CREATE TABLE device (
     id TEXT PRIMARY KEY, name TEXT, manufacturer TEXT, model TEXT, firmware TEXT, online INTEGER, admission TEXT,
     protocol TEXT, source_address TEXT, source_port INTEGER, user_agent TEXT, gb_version TEXT,
     registered_at INTEGER, last_seen_at INTEGER, expires_sec INTEGER, keepalive_interval_sec INTEGER,
     keepalive_count INTEGER, channel_count INTEGER, offline_reason TEXT, learned_transport TEXT, settings TEXT
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE channel (
     device_id TEXT, id TEXT, name TEXT, manufacturer TEXT, model TEXT, owner TEXT, civil_code TEXT, block TEXT,
     address TEXT, parental INTEGER, parent_id_text TEXT, parent_id TEXT, business_group_id TEXT, safety_way INTEGER,
     register_way INTEGER, secrecy INTEGER, ip_address TEXT, port INTEGER, status TEXT, longitude REAL, latitude REAL,
     ptz_type INTEGER, resolution TEXT, download_speed TEXT, stream_numbers TEXT, kind TEXT, updated_at INTEGER,
     PRIMARY KEY (device_id, id)
   ) STRICT, WITHOUT ROWID;`,
];

const DEFAULT_FLUSH_MS = 500;

/** What waits for the next transaction, for one device; the latest state wins. */
interface Pending {
  device?: Device | 'delete';
  readonly channels: Map<string, Channel | 'delete'>;
  /** Delete the stored channels that are not in `channels`. */
  sweep: boolean;
}

/** Devices and channels in SQLite. Failing writes are logged and kept for the next attempt, never thrown. */
export function createDeviceStore(db: Database, options: DeviceStoreOptions = {}): SqliteDeviceStore {
  migrate(db, 'devices', MIGRATIONS);
  return new BufferedDeviceStore(db, options);
}

class BufferedDeviceStore implements SqliteDeviceStore {
  readonly #db: Database;
  readonly #flushMs: number;
  readonly #log: Logger;
  readonly #pending = new Map<string, Pending>();
  readonly #statements;
  #timer: NodeJS.Timeout | undefined;

  constructor(db: Database, { flushMs = DEFAULT_FLUSH_MS, log = silentLogger }: DeviceStoreOptions) {
    this.#db = db;
    this.#flushMs = flushMs;
    this.#log = log;
    const prepare = (sql: string) => db.sqlite.prepare(sql);
    this.#statements = {
      loadDevices: prepare('SELECT * FROM device ORDER BY id'),
      loadChannels: prepare('SELECT * FROM channel ORDER BY device_id, id'),
      saveDevice: prepare(upsertSql('device', DEVICE_COLUMNS, ['id'])),
      deleteDevice: prepare('DELETE FROM device WHERE id = ?'),
      saveChannel: prepare(upsertSql('channel', CHANNEL_COLUMNS, ['device_id', 'id'])),
      deleteChannel: prepare('DELETE FROM channel WHERE device_id = ? AND id = ?'),
      deleteChannels: prepare('DELETE FROM channel WHERE device_id = ?'),
    };
    db.beforeClose(() => this.flush());
  }

  loadDevices(): Device[] {
    this.flush();
    return this.#read(() => this.#statements.loadDevices.all().map((row) => fromRow(DEVICE_COLUMNS, row)));
  }

  loadChannels(): Channel[] {
    this.flush();
    return this.#read(() => this.#statements.loadChannels.all().map((row) => fromRow(CHANNEL_COLUMNS, row)));
  }

  saveDevice(device: Device): void {
    this.#entry(device.id).device = device;
  }

  deleteDevice(deviceId: string): void {
    const entry = this.#entry(deviceId);
    entry.device = 'delete';
    entry.channels.clear();
    entry.sweep = true;
  }

  saveChannels(deviceId: string, channels: readonly Channel[], sweep: boolean): void {
    const entry = this.#entry(deviceId);
    if (sweep) {
      entry.channels.clear();
      entry.sweep = true;
    }
    for (const channel of channels) entry.channels.set(channel.id, channel);
  }

  deleteChannels(deviceId: string, channelIds: readonly string[]): void {
    if (channelIds.length === 0) return;
    const { channels } = this.#entry(deviceId);
    for (const id of channelIds) channels.set(id, 'delete');
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.size === 0 || this.#db.closed) return;
    try {
      this.#db.transaction(() => {
        for (const [deviceId, pending] of this.#pending) this.#write(deviceId, pending);
      });
      this.#pending.clear();
    } catch (error) {
      // A full disk or a locked file must not stop video; the buffer is bounded by the number of devices.
      this.#log.error({ error: errorMessage(error), waiting: this.#pending.size }, 'devices could not be written');
    }
  }

  #read<T>(load: () => T[]): T[] {
    try {
      return load();
    } catch (error) {
      this.#log.error({ error: errorMessage(error) }, 'devices could not be read');
      return [];
    }
  }

  #entry(deviceId: string): Pending {
    this.#schedule();
    const known = this.#pending.get(deviceId);
    if (known !== undefined) return known;
    const entry: Pending = { channels: new Map(), sweep: false };
    this.#pending.set(deviceId, entry);
    return entry;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#db.closed) return;
    this.#timer = setTimeout(() => {
      this.flush();
      // After a failure: again, in a while.
      if (this.#pending.size > 0) this.#schedule();
    }, this.#flushMs);
    this.#timer.unref();
  }

  #write(deviceId: string, { device, channels, sweep }: Pending): void {
    if (device === 'delete') this.#statements.deleteDevice.run(deviceId);
    else if (device !== undefined) this.#statements.saveDevice.run(...toValues(DEVICE_COLUMNS, device));
    if (sweep) this.#statements.deleteChannels.run(deviceId);
    for (const [id, channel] of channels) {
      if (channel === 'delete') this.#statements.deleteChannel.run(deviceId, id);
      else this.#statements.saveChannel.run(...toValues(CHANNEL_COLUMNS, channel));
    }
  }
}
