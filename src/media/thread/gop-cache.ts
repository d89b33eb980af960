import { PacketStore, type ChunkPool, type PacketVisitor } from './packet-store.ts';

/** A viewer who joins within this time of a key frame starts with that key frame. */
export const GOP_CACHE_MS = 400;
const GOP_CACHE_BYTES = 2_097_152;
/** Recorded material may come at several times its speed until its reader is there. */
const START_CACHE_BYTES = 16_777_216;

/**
 * The RTP packets since the latest key frame, while that is recent: an output that joins now is sent them at once, with
 * their sequence numbers and timestamps, and goes on with the packets that follow. Later joins ask for a key frame,
 * because replaying more would put the viewer behind the live edge.
 */
export class GopCache {
  readonly #store: PacketStore;
  #startedAtMs = 0;
  #open = false;
  /** Everything since the first key frame is kept, for the first output. */
  #keepsStart: boolean;

  constructor(pool: ChunkPool, keepsStart = false) {
    this.#store = new PacketStore(pool, keepsStart ? START_CACHE_BYTES : GOP_CACHE_BYTES);
    this.#keepsStart = keepsStart;
  }

  /** A key frame begins. */
  start(nowMs: number): void {
    if (this.#keepsStart && this.#open) return;
    this.#store.clear();
    this.#open = true;
    this.#startedAtMs = nowMs;
  }

  /** Whether packets are collected; gives the memory back when the key frame is too old. */
  isOpen(nowMs: number): boolean {
    if (this.#open && !this.#keepsStart && nowMs - this.#startedAtMs > GOP_CACHE_MS) this.stop();
    return this.#open;
  }

  append(buffer: Buffer, start: number, end: number): void {
    if (this.#open && !this.#store.append(buffer, start, end)) this.stop();
  }

  replay(visit: PacketVisitor): void {
    this.#store.forEach(visit);
    this.#keepsStart = false;
  }

  stop(): void {
    this.#open = false;
    this.#keepsStart = false;
    this.#store.clear();
  }
}
