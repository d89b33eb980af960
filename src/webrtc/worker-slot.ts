import { errorMessage, type Logger } from '../util/index.ts';
import { MediaWorker, type MediaWorkerOptions } from './media-worker.ts';

const MAX_RESPAWN_DELAY_MS = 10_000;
/** A worker that lived so long starts again with the shortest wait. */
const HEALTHY_MS = 60_000;

export interface WorkerSlotOptions extends MediaWorkerOptions {
  readonly respawnDelayMs: number;
  readonly onDied: (pid: number) => void;
  readonly onUp: (pid: number) => void;
}

/** The place of one worker: holds the process that is up, and starts another one where it dies. */
export class WorkerSlot {
  readonly index: number;
  readonly #options: WorkerSlotOptions;
  readonly #log: Logger;
  #worker: MediaWorker | undefined;
  #starting: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #delayMs: number;
  #restarts = 0;
  #closed = false;

  constructor(options: WorkerSlotOptions) {
    this.index = options.index;
    this.#options = options;
    this.#log = options.log;
    this.#delayMs = options.respawnDelayMs;
  }

  get worker(): MediaWorker | undefined {
    return this.#worker?.closed === false ? this.#worker : undefined;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** A death from now on is expected: a terminal's Ctrl-C reaches the workers, too. */
  retire(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** First start. @throws WebRtcPortError */
  async open(): Promise<void> {
    this.#adopt(await MediaWorker.create(this.#options));
  }

  async close(): Promise<void> {
    this.retire();
    await this.#starting;
    await this.#worker?.close();
  }

  #adopt(worker: MediaWorker): void {
    this.#worker = worker;
    this.#startedAt = Date.now();
    const { pid } = worker;
    worker.onDied(() => this.#handleDied(pid));
  }

  #handleDied(pid: number): void {
    if (this.#closed) this.#log.debug({ pid }, 'mediasoup worker ended');
    else this.#log.error({ pid }, 'mediasoup worker died');
    if (Date.now() - this.#startedAt > HEALTHY_MS) this.#delayMs = this.#options.respawnDelayMs;
    this.#options.onDied(pid);
    this.#respawnLater();
  }

  #respawnLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#starting = this.#respawn();
    }, this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, MAX_RESPAWN_DELAY_MS);
  }

  async #respawn(): Promise<void> {
    this.#restarts += 1;
    try {
      const worker = await MediaWorker.create(this.#options);
      this.#adopt(worker);
      this.#log.info({ pid: worker.pid, restarts: this.#restarts }, 'mediasoup worker is up again');
      if (!this.#closed) this.#options.onUp(worker.pid);
    } catch (error) {
      this.#log.error({ error: errorMessage(error) }, 'mediasoup worker could not be started');
      this.#respawnLater();
    }
  }
}
