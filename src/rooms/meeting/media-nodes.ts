import { MeetingError } from './errors.ts';
import { MEDIA_PROTOCOLS, type MediaAddresses, type MediaNode, type MediaNodeView } from './types.ts';

const MAX_NODES = 1000;
/** Nodes that have been silent for so many timeouts are forgotten. */
const FORGET_AFTER = 40;

interface KnownNode extends MediaNode {
  readonly addresses: MediaAddresses;
  readonly heardAt: number;
}

/** Media servers that say by heartbeats that they are there. */
export class MediaNodes {
  readonly #timeoutMs: number;
  readonly #nodes = new Map<string, KnownNode>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @throws MeetingError `media_node_limit` */
  heartbeat(node: MediaNode): MediaNodeView {
    const now = Date.now();
    for (const [id, { heardAt }] of this.#nodes) {
      if (now - heardAt > this.#timeoutMs * FORGET_AFTER) this.#nodes.delete(id);
    }
    if (!this.#nodes.has(node.id) && this.#nodes.size >= MAX_NODES) {
      throw new MeetingError(
        'media_node_limit',
        `${this.#nodes.size} media nodes are known, the limit is ${MAX_NODES}`,
      );
    }
    const { id, load, capacity } = node;
    const addresses = Object.fromEntries(
      MEDIA_PROTOCOLS.map((protocol) => [protocol, node.addresses[protocol] ?? '']),
    ) as unknown as MediaAddresses;
    const known = { id, addresses, load, capacity, heardAt: now };
    this.#nodes.set(id, known);
    return this.#view(known);
  }

  list(): MediaNodeView[] {
    return [...this.#nodes.values()].map((node) => this.#view(node)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  remove(id: string): boolean {
    return this.#nodes.delete(id);
  }

  isAlive(id: string): boolean {
    const node = this.#nodes.get(id);
    return node !== undefined && this.#view(node).alive;
  }

  /** The node that a room has, as long as it lives: members of one room must meet on one node. Else the least loaded. */
  choose(current: string | undefined): MediaNodeView | undefined {
    const alive = this.list().filter((node) => node.alive);
    const kept = alive.find(({ id }) => id === current);
    if (kept !== undefined) return kept;
    const share = ({ load, capacity }: MediaNode): number => load / capacity;
    return alive.filter(({ load, capacity }) => load < capacity).toSorted((a, b) => share(a) - share(b))[0];
  }

  #view(node: KnownNode): MediaNodeView {
    return { ...node, alive: Date.now() - node.heardAt <= this.#timeoutMs };
  }
}
