import { EventEmitter } from 'node:events';
import { errorMessage, safeEmit, type Logger } from '../../util/index.ts';
import { codeOf } from '../commander.ts';
import type { DeviceAccess } from '../device-access.ts';
import { alarmResponse, parseAlarmNotify, type AlarmFacts } from '../manscdp/index.ts';
import type { DeviceMessage } from '../message-handlers.ts';
import { RateLimit } from '../rate-limit.ts';
import type {
  Alarm,
  AlarmCounters,
  AlarmEvents,
  AlarmFilter,
  AlarmOptions,
  Alarms,
  AlarmStore,
  TakeSnapshot,
} from './types.ts';

export interface AlarmListOptions {
  readonly access: DeviceAccess;
  readonly store: AlarmStore;
  readonly options: AlarmOptions;
  readonly now: () => number;
  readonly log: Logger;
}

/** Marks of alarms that were seen, so that the same one is not kept twice. */
const MAX_SEEN = 20_000;
const SEEN_MS = 10 * 60_000;
const PRUNE_MS = 60_000;
/** Pictures that are taken at the same time; others fail at once, since a later picture would be of something else. */
const MAX_SNAPSHOTS = 4;
/** One picture of a channel serves the alarms that follow within so long. */
const SNAPSHOT_PAUSE_MS = 5_000;
const MAX_PAUSED = 10_000;
/** Answers under way to devices; more alarms go without one. */
const MAX_ANSWERS = 1_000;
const MAX_ACKNOWLEDGED = 10_000;

/** Alarms as devices send them (GB/T 28181 section 10): answered, told apart from repeats, kept, acknowledged. */
export class AlarmList extends EventEmitter<AlarmEvents> implements Alarms {
  readonly #options: AlarmListOptions;
  readonly #rate: RateLimit;
  readonly #seen = new Map<string, number>();
  readonly #pictured = new Map<string, number>();
  readonly #counts = { received: 0, repeated: 0, dropped: 0, snapshotsTaken: 0 };
  readonly #snapshotsFailed: Record<string, number> = {};
  readonly #timer: NodeJS.Timeout;
  #takeSnapshot: TakeSnapshot | undefined;
  #taking = 0;
  #answering = 0;
  #unacknowledged: number;

  constructor(options: AlarmListOptions) {
    super();
    this.#options = options;
    this.#rate = new RateLimit(options.options.perMinute);
    options.store.failPendingSnapshots('restarted');
    this.#unacknowledged = options.store.unacknowledged();
    this.#timer = setInterval(() => this.#prune(), PRUNE_MS);
    this.#timer.unref();
  }

  get counters(): AlarmCounters {
    return {
      ...this.#counts,
      snapshotsFailed: { ...this.#snapshotsFailed },
      unacknowledged: this.#unacknowledged,
    };
  }

  takeSnapshotsWith(take: TakeSnapshot | undefined): void {
    this.#takeSnapshot = take;
  }

  /** Returns the alarm where it is a new one. */
  handle(told: DeviceMessage): Alarm | undefined {
    const { record, message, method } = told;
    // GB/T 28181 10.2: also for a repeated one, whose answer may have got lost. A NOTIFY has none.
    if (method === 'MESSAGE' && message.root === 'Notify') void this.#answer(told);
    if (message.root !== 'Notify') return undefined;
    const facts = parseAlarmNotify(message);
    const channelId = message.deviceId === '' ? record.id : message.deviceId;
    const now = this.#options.now();
    if (this.#isRepeated(`${record.id} ${channelId} ${message.sn} ${markOf(facts)}`, now)) {
      this.#counts.repeated += 1;
      return undefined;
    }
    if (this.#rate.take(record.id, now) > 0) {
      this.#counts.dropped += 1;
      return undefined;
    }
    return this.#keep({ deviceId: record.id, channelId, facts, now });
  }

  get(id: number): Alarm | undefined {
    return this.#options.store.get(id);
  }

  list(filter: AlarmFilter, page: { readonly page: number; readonly limit: number }) {
    return { ...this.#options.store.list(filter, page), unacknowledged: this.#unacknowledged };
  }

  acknowledge(id: number, by: string): Alarm | undefined {
    const { store, now } = this.#options;
    const changed = store.acknowledge({ ids: [id] }, { name: by, at: now() });
    const alarm = store.get(id);
    if (changed.length > 0 && alarm !== undefined) {
      this.#unacknowledged = store.unacknowledged();
      this.#tell('changed', alarm);
    }
    return alarm;
  }

  acknowledgeAll(filter: AlarmFilter, by: string): number {
    const { store, now } = this.#options;
    const ids = store.acknowledge({ filter, limit: MAX_ACKNOWLEDGED }, { name: by, at: now() });
    this.#unacknowledged = store.unacknowledged();
    if (ids.length > 0) this.#tell('acknowledged', ids);
    return ids.length;
  }

  snapshot(id: number): Buffer | undefined {
    return this.#options.store.snapshot(id);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #keep(parts: { deviceId: string; channelId: string; facts: AlarmFacts; now: number }): Alarm | undefined {
    const { deviceId, channelId, facts, now } = parts;
    const snapshot = this.#takeSnapshot === undefined ? 'none' : 'pending';
    const { alarmedAt = now } = facts;
    const alarm = { ...facts, alarmedAt, deviceId, channelId, receivedAt: now, snapshot } as const;
    let id: number;
    try {
      id = this.#options.store.add(alarm);
    } catch (error) {
      this.#counts.dropped += 1;
      this.#options.log.error({ deviceId, channelId, error: errorMessage(error) }, 'alarm not stored');
      return undefined;
    }
    this.#counts.received += 1;
    this.#unacknowledged += 1;
    const kept: Alarm = { id, ...alarm };
    this.#tell('alarm', kept);
    if (snapshot === 'pending') void this.#picture(kept);
    return kept;
  }

  async #answer({ record, message }: DeviceMessage): Promise<void> {
    if (this.#answering >= MAX_ANSWERS) return;
    const { access, log } = this.#options;
    this.#answering += 1;
    try {
      await access.commander.send(record, alarmResponse(message.sn, message.deviceId), access.closing);
    } catch (error) {
      // Many devices do not care for it.
      log.debug({ deviceId: record.id, error: errorMessage(error) }, 'alarm answer not delivered');
    } finally {
      this.#answering -= 1;
    }
  }

  #isRepeated(mark: string, now: number): boolean {
    const at = this.#seen.get(mark);
    if (at !== undefined && now - at < SEEN_MS) return true;
    this.#seen.delete(mark);
    this.#seen.set(mark, now);
    forgetOldest(this.#seen, MAX_SEEN);
    return false;
  }

  async #picture(alarm: Alarm): Promise<void> {
    const { store, log } = this.#options;
    const result = await this.#jpegOf(alarm).then(
      (jpeg) => ({ jpeg }),
      (error: unknown) => ({
        reason: error instanceof SnapshotRefusal ? error.message : codeOf(error) || 'internal_error',
      }),
    );
    if ('jpeg' in result) this.#counts.snapshotsTaken += 1;
    else this.#snapshotsFailed[result.reason] = (this.#snapshotsFailed[result.reason] ?? 0) + 1;
    try {
      store.setSnapshot(alarm.id, result);
      const changed = store.get(alarm.id);
      if (changed !== undefined) this.#tell('changed', changed);
    } catch (error) {
      log.error({ alarmId: alarm.id, error: errorMessage(error) }, 'snapshot not stored');
    }
  }

  async #jpegOf({ deviceId, channelId }: Alarm): Promise<Buffer> {
    const take = this.#takeSnapshot;
    if (take === undefined) throw new SnapshotRefusal('off');
    const now = this.#options.now();
    const key = `${deviceId} ${channelId}`;
    if (now - (this.#pictured.get(key) ?? -Infinity) < SNAPSHOT_PAUSE_MS) throw new SnapshotRefusal('too_soon');
    if (this.#taking >= MAX_SNAPSHOTS) throw new SnapshotRefusal('busy');
    this.#pictured.delete(key);
    this.#pictured.set(key, now);
    forgetOldest(this.#pictured, MAX_PAUSED);
    this.#taking += 1;
    try {
      return await take({ deviceId, channelId });
    } finally {
      this.#taking -= 1;
    }
  }

  #prune(): void {
    const { store, options, now, log } = this.#options;
    const { maxAgeMs, maxAlarms, maxSnapshots } = options;
    try {
      const before = maxAgeMs === 0 ? 0 : now() - maxAgeMs;
      if (store.prune({ before, maxAlarms, maxSnapshots }) > 0) this.#unacknowledged = store.unacknowledged();
    } catch (error) {
      log.error({ error: errorMessage(error) }, 'old alarms not deleted');
    }
  }

  #tell<K extends keyof AlarmEvents>(event: K, ...args: AlarmEvents[K]): void {
    safeEmit<AlarmEvents, K>(this, this.#options.log, event, ...args);
  }
}

/** Why no picture was even tried. */
class SnapshotRefusal extends Error {}

/** What two deliveries of one alarm have in common beside its SN: some devices send it as NOTIFY and as MESSAGE. */
function markOf({ priority, method, type, alarmedAt }: AlarmFacts): string {
  return `${priority} ${method} ${type} ${alarmedAt ?? 0}`;
}

function forgetOldest(map: Map<string, number>, limit: number): void {
  if (map.size <= limit) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
