import type { Pacer } from './pacer.ts';
import type { PacketBundle } from './packet-bundle.ts';
import type { ChunkPool } from './packet-store.ts';
import type { SendArena } from './send-arena.ts';
import type { ThreadNotice, ThreadOptions } from './protocol.ts';

/** What all parts of one media thread share. */
export interface ThreadContext {
  readonly options: ThreadOptions;
  readonly pacer: Pacer;
  readonly chunks: ChunkPool;
  readonly arena: SendArena;
  readonly bundle: PacketBundle;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly tell: (notice: ThreadNotice) => void;
}
