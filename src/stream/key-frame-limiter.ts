/** GB/T 28181 devices get at most one key frame request in this time. */
const MIN_INTERVAL_MS = 500;

/** Passes requests on, the first at once, the rest merged into one at the end of the interval. */
export class KeyFrameLimiter {
  readonly #request: () => void;
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(request: () => void) {
    this.#request = request;
  }

  ask(): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#lastAt + MIN_INTERVAL_MS - Date.now();
    if (waitMs <= 0) this.#fire();
    else this.#timer = setTimeout(() => this.#fire(), waitMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #fire(): void {
    this.#timer = undefined;
    this.#lastAt = Date.now();
    this.#request();
  }
}
