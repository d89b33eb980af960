import type { Position } from './types.ts';

type PlaceRef = Pick<Position, 'deviceId' | 'channelId'>;

/**
 * The latest place of each channel, so many of all devices together. When it is full, a new one takes the place of
 * that of which nothing was heard for the longest: of its own device where this has its share or more, else of the
 * device that has most. So a device that writes IDs without end loses its own places, not those of others.
 */
export class LatestPlaces {
  readonly #max: number;
  /** By device, then by channel, in the order in which they were heard. */
  readonly #devices = new Map<string, Map<string, Position>>();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  get({ deviceId, channelId }: PlaceRef): Position | undefined {
    return this.#devices.get(deviceId)?.get(channelId);
  }

  /** Returns the place that had to go. */
  set(position: Position): Position | undefined {
    const { deviceId, channelId } = position;
    const isNew = this.get(position) === undefined;
    const gone = isNew && this.#size >= this.#max ? this.#evict(deviceId) : undefined;
    const own = this.#devices.get(deviceId) ?? new Map<string, Position>();
    own.delete(channelId);
    own.set(channelId, position);
    this.#devices.set(deviceId, own);
    if (isNew) this.#size += 1;
    return gone;
  }

  deleteDevice(deviceId: string): void {
    this.#size -= this.#devices.get(deviceId)?.size ?? 0;
    this.#devices.delete(deviceId);
  }

  list(): Position[] {
    return [...this.#devices.values()].flatMap((places) => [...places.values()]);
  }

  #evict(deviceId: string): Position | undefined {
    const own = this.#devices.get(deviceId);
    const hasShare = own !== undefined && own.size * this.#devices.size >= this.#max;
    const places = hasShare ? own : this.#largest();
    const [oldest] = places?.values() ?? [];
    if (places === undefined || oldest === undefined) return undefined;
    places.delete(oldest.channelId);
    this.#size -= 1;
    if (places.size === 0) this.#devices.delete(oldest.deviceId);
    return oldest;
  }

  #largest(): Map<string, Position> | undefined {
    let largest: Map<string, Position> | undefined;
    for (const places of this.#devices.values()) if (places.size > (largest?.size ?? 0)) largest = places;
    return largest;
  }
}
