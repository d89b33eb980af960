import type { TraceEntry } from './sip-types.ts';

/** What is kept of a message; its entry is made only when somebody reads it. */
export interface Kept {
  readonly sequence: number;
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly protocol: TraceEntry['protocol'];
  readonly local: string;
  readonly remote: string;
  readonly callId: string;
  /** Device of the other side, or whom From or To names where that is none. */
  readonly peer: string;
  readonly method: string;
  /** Latin-1: a character is a byte. */
  readonly text: string;
  /** Of the message behind `text`. */
  readonly cutBytes: number;
}

/** Of one message beside its text. */
const ENTRY_BYTES = 200;
const sizeOf = (kept: Kept): number => kept.text.length + ENTRY_BYTES;

/** The messages of one device; those of dialogs and the rest do not push each other out. */
class Ring {
  readonly #half: number;
  readonly #dialogs: Kept[] = [];
  readonly #rest: Kept[] = [];
  bytes = 0;

  constructor(perDevice: number) {
    this.#half = Math.max(1, Math.floor(perDevice / 2));
  }

  get size(): number {
    return this.#dialogs.length + this.#rest.length;
  }

  push(kept: Kept, dialog: boolean): void {
    const list = dialog ? this.#dialogs : this.#rest;
    list.push(kept);
    this.bytes += sizeOf(kept);
    if (list.length > this.#half) this.#shift(list);
  }

  /** The oldest of the greater half. */
  drop(): void {
    this.#shift(this.#dialogs.length > this.#rest.length ? this.#dialogs : this.#rest);
  }

  /** Takes the matching ones out of the last `depth` of the dialogs and of the rest. */
  take(wanted: (kept: Kept) => boolean, depth: number): Array<readonly [kept: Kept, dialog: boolean]> {
    const taken: Array<readonly [Kept, boolean]> = [];
    for (const list of [this.#dialogs, this.#rest])
      for (let at = list.length - 1; at >= Math.max(0, list.length - depth); at -= 1) {
        const kept = list[at];
        if (kept === undefined || !wanted(kept)) continue;
        list.splice(at, 1);
        this.bytes -= sizeOf(kept);
        taken.unshift([kept, list === this.#dialogs]);
      }
    return taken;
  }

  *entries(): IterableIterator<Kept> {
    yield* this.#dialogs;
    yield* this.#rest;
  }

  #shift(list: Kept[]): void {
    const kept = list.shift();
    if (kept !== undefined) this.bytes -= sizeOf(kept);
  }
}

export interface TraceBounds {
  readonly perDevice: number;
  /** Of all devices, and of those who are none. */
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/**
 * A ring for each device within a total. When the total is reached, the oldest message of a device goes that has at
 * least its share, so that a chatty device does not cost the quiet ones theirs.
 */
export class TraceRings {
  readonly #bounds: TraceBounds;
  readonly #rings = new Map<string, Ring>();
  /** Who is no device has one ring together, or scanners would leave nothing to the devices. */
  readonly #strangers: Ring;
  #cursor: Iterator<[string, Ring]> | undefined;
  #entries = 0;
  #bytes = 0;

  constructor(bounds: TraceBounds) {
    this.#bounds = bounds;
    this.#strangers = new Ring(Math.floor(bounds.maxEntries / 4));
  }

  push(device: string | undefined, kept: Kept, dialog: boolean): void {
    const { maxEntries, maxBytes } = this.#bounds;
    if (maxEntries === 0) return;
    const ring = this.#ringOf(device);
    this.#change(ring, (each) => each.push(kept, dialog));
    const full = (): boolean => this.#entries > maxEntries || (this.#bytes > maxBytes && this.#entries > 1);
    while (full() && this.#evict(ring));
  }

  /** Messages that turn out to be a device's. */
  claim(device: string, wanted: (kept: Kept) => boolean, depth: number): void {
    let taken: ReturnType<Ring['take']> = [];
    this.#change(this.#strangers, (ring) => (taken = ring.take(wanted, depth)));
    for (const [kept, dialog] of taken) this.push(device, kept, dialog);
  }

  /** Of one device, with the strangers in whose messages it may be named, or of all. */
  *entries(device?: string): IterableIterator<Kept> {
    const rings = device === undefined ? this.#rings.values() : [this.#rings.get(device)];
    for (const ring of rings) if (ring !== undefined) yield* ring.entries();
    yield* this.#strangers.entries();
  }

  #ringOf(device: string | undefined): Ring {
    if (device === undefined) return this.#strangers;
    const known = this.#rings.get(device);
    if (known !== undefined) return known;
    const ring = new Ring(this.#bounds.perDevice);
    this.#rings.set(device, ring);
    return ring;
  }

  #change(ring: Ring, work: (ring: Ring) => void): void {
    const { size, bytes } = ring;
    work(ring);
    this.#entries += ring.size - size;
    this.#bytes += ring.bytes - bytes;
  }

  /** Whoever has just written pays first, so that nobody has to be looked for. False when there was nothing to drop. */
  #evict(writer: Ring): boolean {
    const rings = this.#rings.size + 1;
    const share = this.#entries / rings;
    const bytesShare = this.#bytes / rings;
    const tooMany = this.#entries > this.#bounds.maxEntries;
    const greedy = (ring: Ring): boolean => (tooMany ? ring.size >= share : ring.bytes >= bytesShare);
    if (this.#strangers.size > 0 && greedy(this.#strangers)) return this.#drop(this.#strangers);
    // Its newest message stays.
    if (writer.size > 1 && greedy(writer)) return this.#drop(writer);
    // Whatever the sizes, one has at least the average.
    for (let rounds = 0; rounds < 2;) {
      const next = (this.#cursor ??= this.#rings.entries()).next();
      if (next.done === true) {
        this.#cursor = undefined;
        rounds += 1;
        continue;
      }
      const [device, ring] = next.value;
      if (!greedy(ring)) continue;
      this.#drop(ring);
      if (ring.size === 0) this.#rings.delete(device);
      return true;
    }
    return false;
  }

  #drop(ring: Ring): boolean {
    this.#change(ring, (each) => each.drop());
    return true;
  }
}
