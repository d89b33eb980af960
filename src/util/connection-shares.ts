import { sourceNetwork } from './source-network.ts';

/** What is left out has no limit. */
export interface ConnectionLimits {
  readonly connections?: number;
  /** Of one source; who is behind one NAT is one. */
  readonly connectionsPerSource?: number;
  /** Of all connections: messages that are not complete yet, and those that their peers do not read. */
  readonly heldBytes?: number;
}

/** A connection that has its share. */
export interface SharedConnection {
  /** Whose share it takes, see `sourceNetwork`. */
  readonly source: string;
  /** As it was last measured. */
  readonly heldBytes: number;
  /** Measures what is held now, and returns the change. */
  measure(): number;
  /** It is over the limit of memory. */
  close(): void;
}

/** Why a connection is not taken. */
type ShareRefusal = 'too_many_connections' | 'too_many_of_source';

/** Room is made for a while, not for one message: looking for the heaviest takes time. */
const ROOM_LEFT = 7 / 8;

interface Source {
  readonly connections: Set<SharedConnection>;
  heldBytes: number;
}

/** Shares of the sources in connections and in memory. Over the limit of memory the heaviest source pays. */
export class ConnectionShares {
  readonly #limits: Required<ConnectionLimits>;
  readonly #onCutOff: () => void;
  readonly #sources = new Map<string, Source>();
  #connections = 0;
  #heldBytes = 0;

  /** `onCutOff` is called for each connection that is closed to make room. */
  constructor(limits: ConnectionLimits, onCutOff: () => void = () => undefined) {
    const { connections = Infinity, connectionsPerSource = Infinity, heldBytes = Infinity } = limits;
    this.#limits = { connections, connectionsPerSource, heldBytes };
    this.#onCutOff = onCutOff;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Why one more connection from there is not taken; undefined: it is. */
  refusal(remoteAddress: string): ShareRefusal | undefined {
    if (this.#connections >= this.#limits.connections) return 'too_many_connections';
    const source = this.#sources.get(sourceNetwork(remoteAddress));
    const full = source !== undefined && source.connections.size >= this.#limits.connectionsPerSource;
    return full ? 'too_many_of_source' : undefined;
  }

  add(connection: SharedConnection): void {
    const source = this.#sources.get(connection.source) ?? { connections: new Set(), heldBytes: 0 };
    this.#sources.set(connection.source, source);
    source.connections.add(connection);
    this.#connections += 1;
  }

  /** Idempotent. */
  delete(connection: SharedConnection): void {
    const source = this.#sources.get(connection.source);
    if (source?.connections.delete(connection) !== true) return;
    this.#connections -= 1;
    this.#count(source, -connection.heldBytes);
    if (source.connections.size === 0) this.#sources.delete(connection.source);
  }

  /** The connection holds so many bytes more, or fewer. May close it, or others. */
  hold(connection: SharedConnection, change: number): void {
    const source = this.#sources.get(connection.source);
    if (source?.connections.has(connection) !== true) return;
    this.#count(source, change);
    if (this.#heldBytes > this.#limits.heldBytes) this.#makeRoom();
  }

  #count(source: Source, change: number): void {
    source.heldBytes += change;
    this.#heldBytes += change;
  }

  #makeRoom(): void {
    // Nobody tells when a peer has read what was written for it.
    for (const source of this.#sources.values())
      for (const connection of source.connections) this.#count(source, connection.measure());
    if (this.#heldBytes <= this.#limits.heldBytes) return;
    while (this.#heldBytes > this.#limits.heldBytes * ROOM_LEFT) {
      const [heaviest] = [...this.#sources.values()].toSorted((a, b) => b.heldBytes - a.heldBytes);
      if (heaviest === undefined) return;
      this.#cutOff(heaviest);
    }
  }

  /** Closes the heaviest connections of a source, until half of what it holds is free or there is room. */
  #cutOff(source: Source): void {
    const before = source.heldBytes;
    for (const connection of [...source.connections].toSorted((a, b) => b.heldBytes - a.heldBytes)) {
      if (source.heldBytes <= before / 2 || this.#heldBytes <= this.#limits.heldBytes * ROOM_LEFT) return;
      this.delete(connection);
      this.#onCutOff();
      connection.close();
    }
  }
}
