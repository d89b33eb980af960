import type { Logger } from '../util/index.ts';
import { errorMessage } from '../util/index.ts';
import type { DeviceRecord } from './device/record.ts';
import { DeviceUnreachableError } from './errors.ts';

/** The questions a device is asked after it came online; each rejects when it got no answer. */
export interface Questions {
  readonly info: (record: DeviceRecord, signal: AbortSignal) => Promise<unknown>;
  readonly basicParam: (record: DeviceRecord, signal: AbortSignal) => Promise<unknown>;
  readonly catalog: (record: DeviceRecord, signal: AbortSignal) => Promise<unknown>;
}

export interface InterviewOptions {
  readonly questions: Questions;
  readonly now: () => number;
  readonly log: Logger;
  /** Devices asked at the same time. */
  readonly concurrency?: number;
}

/** After a power cut everything registers within seconds; the answers must not come all at once. */
const DEFAULT_CONCURRENCY = 100;
/**
 * As long as others wait, so long passes between two devices of one turn, 200 a second in all. What a burst takes
 * stays with the process: ten thousand devices asked within ten seconds cost 60 MB for good.
 */
const PACE_MS = 500;
/** A flapping device is not asked again each time. */
const REPEAT_AFTER_MS = 60_000;
/** A device that thinks about its catalogue for two minutes does not hold its place in the queue that long. */
const CATALOG_SHARE_MS = 10_000;

/** Behind the two minutes that a catalogue may take. */
const RETRY_MS = 120_000;
/** The query did not even arrive, as in the storm after a power cut: nothing is under way that could be waited for. */
const RETRY_UNREACHABLE_MS = 10_000;
const ATTEMPTS = 3;

type Outcome = 'answered' | 'unanswered' | 'unreachable';

/** Asks devices that came online for DeviceInfo, Catalog and BasicParam, a bounded number at a time. */
export class Interview {
  readonly #options: InterviewOptions;
  /** Devices in line, with the number of their attempt. */
  readonly #waiting = new Map<DeviceRecord, number>();
  readonly #retries = new Set<NodeJS.Timeout>();
  readonly #closing = new AbortController();
  #running = 0;

  constructor(options: InterviewOptions) {
    this.#options = options;
  }

  /** Not for refreshes: only when a device was offline before. */
  add(record: DeviceRecord): void {
    if (this.#closing.signal.aborted) return;
    if (this.#options.now() - record.syncedAt < REPEAT_AFTER_MS) return;
    this.#enqueue(record, 1);
  }

  #enqueue(record: DeviceRecord, attempt: number): void {
    this.#waiting.set(record, attempt);
    this.#next();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get running(): number {
    return this.#running;
  }

  close(): void {
    this.#waiting.clear();
    for (const timer of this.#retries) clearTimeout(timer);
    this.#retries.clear();
    this.#closing.abort();
  }

  #next(): void {
    const limit = this.#options.concurrency ?? DEFAULT_CONCURRENCY;
    for (const [record, attempt] of this.#waiting) {
      if (this.#running >= limit) return;
      this.#waiting.delete(record);
      if (!record.state.online) continue;
      this.#running += 1;
      void this.#run(record, attempt);
    }
  }

  async #run(record: DeviceRecord, attempt: number): Promise<void> {
    const { questions, now } = this.#options;
    const catalog = this.#ask(record, questions.catalog);
    const info = await this.#ask(record, questions.info);
    // Last, since many devices leave it unanswered.
    const basicParam = await this.#ask(record, questions.basicParam);
    const listed = await this.#atMost(catalog, CATALOG_SHARE_MS);
    if ([info, basicParam, listed].includes('answered')) record.syncedAt = now();
    if (listed !== 'answered' && attempt < ATTEMPTS && record.state.online) {
      this.#retryLater(record, attempt + 1, listed === 'unreachable' ? RETRY_UNREACHABLE_MS : RETRY_MS);
    }
    this.#release();
  }

  #release(): void {
    const release = (): void => {
      this.#running -= 1;
      this.#next();
    };
    if (this.#waiting.size === 0) release();
    else setTimeout(release, PACE_MS).unref();
  }

  /** Cameras that have just booted register before they can answer. */
  #retryLater(record: DeviceRecord, attempt: number, delayMs: number): void {
    if (this.#closing.signal.aborted) return;
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      if (record.channels.size === 0) this.#enqueue(record, attempt);
    }, delayMs);
    timer.unref();
    this.#retries.add(timer);
  }

  async #ask(record: DeviceRecord, question: Questions['info']): Promise<Outcome> {
    const { signal } = this.#closing;
    if (signal.aborted || !record.state.online) return 'unanswered';
    try {
      await question(record, signal);
      return 'answered';
    } catch (error) {
      this.#options.log.debug({ deviceId: record.id, error: errorMessage(error) }, 'device left a question unanswered');
      return error instanceof DeviceUnreachableError ? 'unreachable' : 'unanswered';
    }
  }

  async #atMost(answer: Promise<Outcome>, ms: number): Promise<Outcome> {
    const limit = Promise.withResolvers<Outcome>();
    const timer = setTimeout(() => limit.resolve('unanswered'), ms);
    const result = await Promise.race([answer, limit.promise]);
    clearTimeout(timer);
    return result;
  }
}
