import { errorMessage } from '../../util/index.ts';
import { repairFile } from '../repair.ts';
import type { ThreadNotice, ThreadOptions, ThreadRequest } from './protocol.ts';
import { Recording } from './recording.ts';

const TICK_MS = 250;
/** Before each piece of packets: arrival (64-bit floating point), bytes (32 bits). */
const PIECE_HEADER_BYTES = 12;

/** Tells the main thread; memory goes along. */
export type Tell = (notice: ThreadNotice, transfer?: readonly ArrayBuffer[]) => void;

/** Milliseconds on a clock that threads share and nobody sets. */
export function sharedNowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** What runs in a record thread: its recordings and one timer for them. */
export class RecordThread {
  readonly #options: ThreadOptions;
  readonly #tell: Tell;
  readonly #recordings = new Map<number, Recording>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ThreadOptions, tell: Tell) {
    this.#options = options;
    this.#tell = tell;
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tell({ type: 'ready' });
  }

  /** Requests for a recording that has ended meanwhile are dropped. */
  onRequest(request: ThreadRequest): void {
    switch (request.type) {
      case 'open': {
        const context = { startMs: this.#options.startMs, tell: (notice: ThreadNotice) => this.#tell(notice) };
        this.#recordings.set(request.key, new Recording(request, context, sharedNowMs()));
        return this.#forgetEnded(request.key);
      }
      case 'packets':
        return this.#onPackets(request.key, request.memory, request.length);
      case 'skipped':
        this.#recordings.get(request.key)?.skip(request.packets);
        return this.#forgetEnded(request.key);
      case 'stop':
        this.#recordings.get(request.key)?.stop(request.reason, request.message);
        return this.#forgetEnded(request.key);
      case 'repair':
        return this.#repair(request.key, request.path);
      case 'shutdown':
        return this.#shutDown();
    }
  }

  #onPackets(key: number, memory: ArrayBuffer, length: number): void {
    const recording = this.#recordings.get(key);
    const bytes = Buffer.from(memory, 0, length);
    for (let at = 0; at < length && recording !== undefined;) {
      const start = at + PIECE_HEADER_BYTES;
      const end = start + bytes.readUInt32LE(at + 8);
      recording.push(bytes.subarray(start, end), bytes.readDoubleLE(at));
      at = end;
    }
    this.#tell({ type: 'taken', key, memory }, [memory]);
    this.#forgetEnded(key);
  }

  #repair(key: number, path: string): void {
    try {
      const repaired = repairFile(path);
      if (repaired === 'not_ours') {
        this.#tell({ type: 'notRepaired', key, message: `not a recording that was written here: ${path}` });
      } else {
        this.#tell({ type: 'repaired', key, ...repaired });
      }
    } catch (error) {
      this.#tell({ type: 'notRepaired', key, message: errorMessage(error) });
    }
  }

  #tick(): void {
    const nowMs = sharedNowMs();
    for (const [key, recording] of this.#recordings) {
      recording.tick(nowMs);
      this.#forgetEnded(key);
    }
  }

  #forgetEnded(key: number): void {
    if (this.#recordings.get(key)?.ended === true) this.#recordings.delete(key);
  }

  #shutDown(): void {
    clearInterval(this.#timer);
    for (const recording of this.#recordings.values()) recording.stop('stopped', 'the gateway stops');
    this.#recordings.clear();
  }
}
