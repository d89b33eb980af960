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
  /** `transfer`: memory that is handed over instead of copied. */
  readonly tell: (notice: ThreadNotice, transfer?: readonly ArrayBuffer[]) => void;
}
