/** Work for each of many keys, never twice for one at a time. */
export class KeyedWork {
  readonly #work: (key: string) => Promise<void>;
  readonly #running = new Map<string, Promise<void>>();
  readonly #following = new Map<string, Promise<void>>();

  constructor(work: (key: string) => Promise<void>) {
    this.#work = work;
  }

  /** Settles with a run that began after this call: what is under way may have asked too early. */
  run(key: string): Promise<void> {
    const running = this.#running.get(key);
    if (running === undefined) return this.#begin(key);
    let following = this.#following.get(key);
    if (following === undefined) {
      const begin = () => {
        this.#following.delete(key);
        return this.#begin(key);
      };
      following = running.then(begin, begin);
      this.#following.set(key, following);
    }
    return following;
  }

  #begin(key: string): Promise<void> {
    const running = this.#work(key).finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    return running;
  }
}

interface WaitingKeysOptions {
  readonly work: (key: string) => Promise<unknown>;
  readonly atATime: number;
  /** A key rests so long after its work, ms: what changes all the time is not asked for all the time. */
  readonly restMs: number;
}

/** Keys that wait for their work, each once however often it is put. */
export class WaitingKeys {
  readonly #options: WaitingKeysOptions;
  readonly #waiting = new Set<string>();
  /** At work, or resting after it. */
  readonly #busy = new Set<string>();
  #atWork = 0;

  constructor(options: WaitingKeysOptions) {
    this.#options = options;
  }

  put(key: string): void {
    this.#waiting.add(key);
    this.#next();
  }

  /** Nobody needs what waits any more. */
  clear(): void {
    this.#waiting.clear();
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#atWork >= this.#options.atATime) return;
      if (this.#busy.has(key)) continue;
      this.#waiting.delete(key);
      void this.#begin(key);
    }
  }

  async #begin(key: string): Promise<void> {
    this.#busy.add(key);
    this.#atWork++;
    await this.#options.work(key).catch(() => undefined);
    this.#atWork--;
    setTimeout(() => {
      this.#busy.delete(key);
      this.#next();
    }, this.#options.restMs);
    this.#next();
  }
}
