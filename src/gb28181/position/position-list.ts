import { EventEmitter } from 'node:events';
import { ownText } from '../../sip/index.ts';
import { errorMessage, safeEmit, type Logger } from '../../util/index.ts';
import { parsePositionNotify, type PositionFacts } from '../manscdp/index.ts';
import type { DeviceMessage } from '../message-handlers.ts';
import { LatestPlaces } from './latest-places.ts';
import type { Position, PositionCounters, PositionEvents, PositionOptions, Positions, PositionStore } from './types.ts';

export interface PositionListOptions {
  readonly store: PositionStore;
  readonly options: PositionOptions;
  readonly now: () => number;
  readonly log: Logger;
  /** Channels whose place is known; default 100,000. */
  readonly maxChannels?: number;
}

const FLUSH_MS = 1_000;
const PRUNE_MS = 60_000;
/** Points that wait for the next write. */
const MAX_WAITING = 20_000;
const MAX_CHANNELS = 100_000;
/** A clock that is further ahead than this is wrong: then it is the time of arrival. */
const MAX_AHEAD_MS = 3_600_000;
/** A point of a track for each second is enough, whatever a device sends. */
const MIN_STEP_MS = 1_000;

/** Positions as devices send them (GB/T 28181 11.4), gathered and written once a second. */
export class PositionList extends EventEmitter<PositionEvents> implements Positions {
  readonly #options: PositionListOptions;
  readonly #latest: LatestPlaces;
  readonly #changed = new Map<string, Position>();
  #waiting: Position[] = [];
  /** To be deleted behind what waits. */
  readonly #evicted = new Map<string, Position>();
  readonly #counts = { received: 0, unusable: 0, dropped: 0 };
  readonly #prune: NodeJS.Timeout;
  #flush: NodeJS.Timeout | undefined;

  constructor(options: PositionListOptions) {
    super();
    this.#options = options;
    const { store, maxChannels = MAX_CHANNELS } = options;
    this.#latest = new LatestPlaces(maxChannels);
    for (const position of store.latest()) this.#place(position);
    this.#prune = setInterval(() => this.#forgetOld(), PRUNE_MS);
    this.#prune.unref();
  }

  get counters(): PositionCounters {
    return { ...this.#counts };
  }

  handle({ record, message }: DeviceMessage): void {
    // A Response without a query of ours says the same.
    const { positions, unusable } = parsePositionNotify(message, record.id);
    this.#counts.unusable += unusable;
    for (const position of positions) this.add(record.id, position);
  }

  /** Also of an alarm of a GPS device. */
  add(deviceId: string, { id, at, ...place }: PositionFacts): void {
    const receivedAt = this.#options.now();
    const usable = at !== undefined && at > 0 && at <= receivedAt + MAX_AHEAD_MS;
    // It stays: it must not keep the message that it came in.
    const position = { ...place, deviceId, channelId: ownText(id), at: usable ? at : receivedAt, receivedAt };
    this.#counts.received += 1;
    const key = keyOf(position);
    const before = this.#latest.get(position);
    // A device may send what it has gathered while it was away.
    if (before === undefined || before.at <= position.at) {
      this.#place(position);
      this.#changed.set(key, position);
    }
    if (before === undefined || Math.abs(position.at - before.at) >= MIN_STEP_MS) this.#keep(position);
    this.#flush ??= setTimeout(() => this.#write(), FLUSH_MS);
  }

  list(): Position[] {
    return this.#latest.list();
  }

  get(deviceId: string, channelId: string): Position | undefined {
    return this.#latest.get({ deviceId, channelId });
  }

  track(
    of: { readonly deviceId: string; readonly channelId: string },
    range: { readonly from: number; readonly to: number; readonly limit: number },
  ): Position[] {
    this.#store();
    return this.#options.store.track(of, range);
  }

  deviceRemoved(deviceId: string): void {
    this.#latest.deleteDevice(deviceId);
    for (const places of [this.#changed, this.#evicted])
      for (const [key, position] of places) if (position.deviceId === deviceId) places.delete(key);
    this.#waiting = this.#waiting.filter((position) => position.deviceId !== deviceId);
    this.#options.store.deleteDevice(deviceId);
  }

  close(): void {
    clearTimeout(this.#flush);
    clearInterval(this.#prune);
    this.#store();
  }

  #place(position: Position): void {
    this.#evicted.delete(keyOf(position));
    const gone = this.#latest.set(position);
    if (gone === undefined) return;
    this.#counts.dropped += 1;
    const key = keyOf(gone);
    this.#changed.delete(key);
    this.#evicted.set(key, gone);
    if (this.#evicted.size >= MAX_WAITING) this.#store();
  }

  #keep(position: Position): void {
    if (this.#waiting.length >= MAX_WAITING) this.#counts.dropped += 1;
    else this.#waiting.push(position);
  }

  #write(): void {
    this.#flush = undefined;
    this.#store();
    const positions = [...this.#changed.values()];
    this.#changed.clear();
    if (positions.length > 0) safeEmit<PositionEvents, 'positions'>(this, this.#options.log, 'positions', positions);
  }

  #store(): void {
    const positions = this.#waiting;
    const evicted = [...this.#evicted.values()];
    if (positions.length === 0 && evicted.length === 0) return;
    this.#waiting = [];
    this.#evicted.clear();
    try {
      this.#options.store.add(positions);
      this.#options.store.forgetLatest(evicted);
    } catch (error) {
      this.#counts.dropped += positions.length;
      this.#options.log.error({ error: errorMessage(error), positions: positions.length }, 'positions not stored');
    }
  }

  #forgetOld(): void {
    const { store, options, now, log } = this.#options;
    try {
      store.prune({ before: options.maxAgeMs === 0 ? 0 : now() - options.maxAgeMs, max: options.max });
    } catch (error) {
      log.error({ error: errorMessage(error) }, 'old positions not deleted');
    }
  }
}

function keyOf({ deviceId, channelId }: Pick<Position, 'deviceId' | 'channelId'>): string {
  return `${deviceId} ${channelId}`;
}
