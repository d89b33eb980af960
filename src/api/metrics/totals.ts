import type { PublicationClosed, StreamSnapshot, Streams } from '../../stream/index.ts';

type Stats = StreamSnapshot['stats'];

const COUNTED = [
  'packets',
  'bytes',
  'lost',
  'reordered',
  'duplicates',
  'wrongSsrc',
  'wrongSource',
  'resyncs',
  'frames',
] as const;
export type RtpCounter = (typeof COUNTED)[number];

/** Sums over all streams that ever were: counters must not fall when a stream ends. */
export class StreamTotals {
  readonly #streams: Streams;
  readonly #ended = empty();
  readonly #publications = new Map<PublicationClosed['reason'], number>();
  readonly #onClosed = ({ stats }: StreamSnapshot): void => add(this.#ended, stats);
  readonly #onPublicationClosed = ({ reason }: PublicationClosed): void => {
    this.#publications.set(reason, (this.#publications.get(reason) ?? 0) + 1);
  };

  constructor(streams: Streams) {
    this.#streams = streams;
    streams.on('closed', this.#onClosed);
    streams.on('publicationClosed', this.#onPublicationClosed);
  }

  /** Publications that have ended, by reason. */
  get publicationsEnded(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#publications);
  }

  read(): Totals {
    const sum = empty();
    addTotals(sum, this.#ended);
    for (const { stats } of this.#streams.list()) add(sum, stats);
    return sum;
  }

  close(): void {
    this.#streams.off('closed', this.#onClosed);
    this.#streams.off('publicationClosed', this.#onPublicationClosed);
  }
}

export interface Totals {
  readonly counters: Record<RtpCounter, number>;
  /** By the named reason of a parser: a small fixed set. */
  readonly errors: Map<string, number>;
}

function empty(): Totals {
  const zero = Object.fromEntries(COUNTED.map((name) => [name, 0])) as Record<RtpCounter, number>;
  return { counters: zero, errors: new Map() };
}

function add({ counters, errors }: Totals, stats: Stats): void {
  for (const name of COUNTED) counters[name] += stats[name];
  for (const [reason, count] of Object.entries(stats.errors)) errors.set(reason, (errors.get(reason) ?? 0) + count);
}

function addTotals(into: Totals, from: Totals): void {
  for (const name of COUNTED) into.counters[name] += from.counters[name];
  for (const [reason, count] of from.errors) into.errors.set(reason, count);
}
