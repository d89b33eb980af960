import type { Ingest, PlayableAudio } from '../media/index.ts';
import type { Logger } from '../util/index.ts';
import { Feed } from './feed.ts';
import { cameraCodecs, type RouterCache } from './router-cache.ts';

interface Entry {
  readonly ingest: Ingest;
  readonly payloadType: number;
  readonly handleEnded: () => void;
  readonly feed: Promise<Feed>;
  viewers: number;
  grace: NodeJS.Timeout | undefined;
}

export interface FeedKey {
  readonly ingest: Ingest;
  readonly payloadType: number;
  readonly audioCodec: PlayableAudio;
}

export interface FeedLease {
  readonly feed: Feed;
  /** Idempotent. */
  release(): void;
}

/** The feeds of one worker, one for each ingest, payload type and audio codec, kept for a moment after the last viewer. */
export class FeedTable {
  readonly #routers: RouterCache;
  readonly #graceMs: number;
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();

  constructor(routers: RouterCache, graceMs: number, log: Logger) {
    this.#routers = routers;
    this.#graceMs = graceMs;
    this.#log = log;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Viewers of an ingest here; undefined where it has no feed. */
  viewersOf(ingestId: string): number | undefined {
    const entries = [...this.#entries.values()].filter((entry) => entry.ingest.id === ingestId);
    return entries.length === 0 ? undefined : entries.reduce((sum, entry) => sum + entry.viewers, 0);
  }

  async acquire(key: FeedKey): Promise<FeedLease> {
    const name = `${key.ingest.id} ${key.payloadType} ${key.audioCodec}`;
    const entry = this.#entries.get(name) ?? this.#open(name, key);
    entry.viewers += 1;
    clearTimeout(entry.grace);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#release(name, entry);
    };
    try {
      return { feed: await entry.feed, release };
    } catch (error) {
      released = true;
      this.#drop(name, entry);
      throw error;
    }
  }

  close(): void {
    for (const [name, entry] of this.#entries) this.#drop(name, entry);
  }

  #open(name: string, { ingest, payloadType, audioCodec }: FeedKey): Entry {
    const create = async (): Promise<Feed> => {
      const router = await this.#routers.acquire(cameraCodecs(payloadType));
      const log = this.#log.child({ ingestId: ingest.id, payloadType });
      return Feed.create({ router, ingest, audioCodec, log });
    };
    const handleEnded = (): void => {
      if (entry.viewers === 0) this.#drop(name, entry);
    };
    const entry: Entry = { ingest, payloadType, handleEnded, feed: create(), viewers: 0, grace: undefined };
    this.#entries.set(name, entry);
    ingest.once('ended', handleEnded);
    return entry;
  }

  #release(name: string, entry: Entry): void {
    entry.viewers -= 1;
    if (entry.viewers > 0 || this.#entries.get(name) !== entry) return;
    if (entry.ingest.closed) {
      this.#drop(name, entry);
      return;
    }
    entry.grace = setTimeout(() => this.#drop(name, entry), this.#graceMs);
    entry.grace.unref();
  }

  #drop(name: string, entry: Entry): void {
    clearTimeout(entry.grace);
    if (this.#entries.get(name) !== entry) return;
    this.#entries.delete(name);
    entry.ingest.off('ended', entry.handleEnded);
    this.#routers.release(cameraCodecs(entry.payloadType));
    entry.feed.then(
      (feed) => feed.close(),
      () => undefined,
    );
  }
}
