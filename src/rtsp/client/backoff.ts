const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 8000;
/** Cameras lock accounts after some wrong passwords. */
const UNAUTHORIZED_WAIT_MS = 30_000;

/** Waits between attempts: doubled with each failure, from the start again after a success. */
export class Backoff {
  #failures = 0;

  /** How long to wait after this failure. */
  next(code: string): number {
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** this.#failures, MAX_WAIT_MS);
    this.#failures = Math.min(this.#failures + 1, 16);
    return code === 'rtsp_unauthorized' ? UNAUTHORIZED_WAIT_MS : waitMs;
  }

  reset(): void {
    this.#failures = 0;
  }
}
