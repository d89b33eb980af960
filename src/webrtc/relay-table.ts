import type { types } from 'mediasoup';
import type { BasePublication } from './base-publication.ts';
import { routerKey, type RouterCache } from './router-cache.ts';
import type { ProducerLease } from './viewer-source.ts';

/** A publication's producers in one router. */
interface Relay {
  readonly video: types.Producer | undefined;
  readonly audio: types.Producer | undefined;
  close(): void;
}

interface Entry {
  readonly relay: Promise<Relay>;
  readonly publication: BasePublication;
  readonly codecs: readonly types.RouterRtpCodecCapability[];
  readonly handleClosed: () => void;
  players: number;
  grace: NodeJS.Timeout | undefined;
}

/**
 * Publications in the routers of one worker, one relay for each publication and router, kept for a moment after the
 * last player. A mediasoup pipe carries the packets from the publication's router, whichever worker that has.
 */
export class RelayTable {
  readonly #routers: RouterCache;
  readonly #graceMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor(routers: RouterCache, graceMs: number) {
    this.#routers = routers;
    this.#graceMs = graceMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Players of a publication here; undefined where it has no relay. */
  playersOf(publicationId: string): number | undefined {
    const entries = [...this.#entries.values()].filter(({ publication }) => publication.id === publicationId);
    return entries.length === 0 ? undefined : entries.reduce((sum, entry) => sum + entry.players, 0);
  }

  async acquire(
    publication: BasePublication,
    codecs: readonly types.RouterRtpCodecCapability[],
  ): Promise<ProducerLease> {
    const key = `${publication.id} ${routerKey(codecs)}`;
    const entry = this.#entries.get(key) ?? this.#open(key, publication, codecs);
    entry.players += 1;
    clearTimeout(entry.grace);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#release(key, entry);
    };
    try {
      const { video, audio } = await entry.relay;
      return { video, audio, start: () => undefined, onAudio: () => () => undefined, release };
    } catch (error) {
      released = true;
      this.#drop(key, entry);
      throw error;
    }
  }

  close(): void {
    for (const [key, entry] of this.#entries) this.#drop(key, entry);
  }

  #open(key: string, publication: BasePublication, codecs: readonly types.RouterRtpCodecCapability[]): Entry {
    const create = async (): Promise<Relay> => {
      const router = await this.#routers.acquire(codecs);
      return relayTo(publication, router, new Set(codecs.map(({ kind }) => kind)));
    };
    const handleClosed = (): void => this.#drop(key, entry);
    const entry: Entry = { relay: create(), publication, codecs, handleClosed, players: 0, grace: undefined };
    this.#entries.set(key, entry);
    publication.once('closed', handleClosed);
    return entry;
  }

  #release(key: string, entry: Entry): void {
    entry.players -= 1;
    if (entry.players > 0 || this.#entries.get(key) !== entry) return;
    entry.grace = setTimeout(() => this.#drop(key, entry), this.#graceMs);
    entry.grace.unref();
  }

  #drop(key: string, entry: Entry): void {
    clearTimeout(entry.grace);
    if (this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    entry.publication.off('closed', entry.handleClosed);
    this.#routers.release(entry.codecs);
    entry.relay.then(
      (relay) => relay.close(),
      () => undefined,
    );
  }
}

async function relayTo(
  publication: BasePublication,
  router: types.Router,
  kinds: ReadonlySet<types.MediaKind>,
): Promise<Relay> {
  const piped: types.Producer[] = [];
  const close = (): void => {
    // What a publication that has ended has piped ends with it: mediasoup closes it when the worker has said so.
    if (publication.closed) return;
    for (const producer of piped) producer.close();
  };
  const bring = async (source: types.Producer | undefined): Promise<types.Producer | undefined> => {
    if (source === undefined || !kinds.has(source.kind) || publication.router.id === router.id) return source;
    // Two relays may end in one router, after each other: an id of its own keeps them apart.
    const { pipeProducer } = await publication.router.pipeToRouter({ producerId: source.id, router, keepId: false });
    if (pipeProducer !== undefined) piped.push(pipeProducer);
    return pipeProducer;
  };
  try {
    const [video, audio] = [await bring(publication.producer('video')), await bring(publication.producer('audio'))];
    return { video, audio, close };
  } catch (error) {
    close();
    throw error;
  }
}
