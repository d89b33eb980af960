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
  'ALTER TABLE channel ADD COLUMN fault TEXT',
  'ALTER TABLE channel ADD COLUMN details TEXT',
];

const DEFAULT_FLUSH_MS = 500;

/**
 * Rows of one transaction: some milliseconds. A catalogue of ten thousand channels goes in many of them, so that SIP
 * and HTTP do not wait for it.
 */
const SLICE_ROWS = 500;
/** Between two of them. */
const SLICE_PAUSE_MS = 5;

/** What waits for the next transaction, for one device; the latest state wins. */
interface Pending {
  device?: Device | 'delete';
  readonly channels: Map<string, Channel | 'delete'>;
  /** The stored channels that are not among these are deleted, after the others are written. */
  keep?: Set<string>;
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
      countChannels: prepare('SELECT count(*) AS count FROM channel WHERE device_id = ?'),
      channelIds: prepare('SELECT id FROM channel WHERE device_id = ?'),
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
    entry.keep = new Set();
  }

  saveChannels(deviceId: string, channels: readonly Channel[], sweep: boolean): void {
    const entry = this.#entry(deviceId);
    if (sweep) {
      entry.channels.clear();
      entry.keep = new Set();
    }
    for (const channel of channels) {
      entry.channels.set(channel.id, channel);
      entry.keep?.add(channel.id);
    }
  }

  deleteChannels(deviceId: string, channelIds: readonly string[]): void {
    if (channelIds.length === 0) return;
    const { channels, keep } = this.#entry(deviceId);
    for (const id of channelIds) {
      channels.set(id, 'delete');
      keep?.delete(id);
    }
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#pending.size > 0 && !this.#db.closed && this.#writeSlice(Number.POSITIVE_INFINITY));
  }

  /** One transaction; false when it failed. */
  #writeSlice(maxRows: number): boolean {
    const written = new Map<Pending, readonly string[]>();
    try {
      this.#db.transaction(() => {
        let left = maxRows;
        for (const [deviceId, pending] of this.#pending) {
          if (left <= 0) break;
          const ids = this.#write(deviceId, pending, left);
          written.set(pending, ids);
          left -= 1 + ids.length;
        }
      });
    } catch (error) {
      // A full disk or a locked file must not stop video; the buffer is bounded by the number of devices.
      this.#log.error({ error: errorMessage(error), waiting: this.#pending.size }, 'devices could not be written');
      return false;
    }
    for (const [deviceId, pending] of this.#pending) {
      const ids = written.get(pending);
      if (ids === undefined) break;
      for (const id of ids) pending.channels.delete(id);
      delete pending.device;
      if (pending.channels.size === 0) this.#pending.delete(deviceId);
    }
    return true;
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
    this.#schedule(this.#flushMs);
    const known = this.#pending.get(deviceId);
    if (known !== undefined) return known;
    const entry: Pending = { channels: new Map() };
    this.#pending.set(deviceId, entry);
    return entry;
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== undefined || this.#db.closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#db.closed) return;
      const went = this.#writeSlice(SLICE_ROWS);
      // After a failure: again, in a while.
      if (this.#pending.size > 0) this.#schedule(went ? SLICE_PAUSE_MS : this.#flushMs);
    }, delayMs);
    this.#timer.unref();
  }

  /** At most `maxRows` channels, and what is beside them when the last of them is among these. Returns which. */
  #write(deviceId: string, { device, channels, keep }: Pending, maxRows: number): string[] {
    if (device === 'delete') this.#statements.deleteDevice.run(deviceId);
    else if (device !== undefined) this.#statements.saveDevice.run(...toValues(DEVICE_COLUMNS, device));
    const ids: string[] = [];
    for (const [id, channel] of channels) {
      if (ids.length >= maxRows) return ids;
      if (channel === 'delete') this.#statements.deleteChannel.run(deviceId, id);
      else this.#statements.saveChannel.run(...toValues(CHANNEL_COLUMNS, channel));
      ids.push(id);
    }
    if (keep !== undefined) this.#sweep(deviceId, keep);
    return ids;
  }

  #sweep(deviceId: string, keep: ReadonlySet<string>): void {
    if (keep.size === 0) {
      this.#statements.deleteChannels.run(deviceId);
      return;
    }
    // Those to keep have just been written: as many as are there, and to read ten thousand of them takes long.
    if (Number(this.#statements.countChannels.get(deviceId)?.['count']) === keep.size) return;
    for (const { id } of this.#statements.channelIds.all(deviceId))
      if (typeof id === 'string' && !keep.has(id)) this.#statements.deleteChannel.run(deviceId, id);
  }
}
