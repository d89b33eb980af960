/** At most one request in this time (a device needs longer than that to make a key frame). */
export const KEY_FRAME_REQUEST_MS = 500;

/**
 * Merges key frame requests: the first is passed on at once, those that follow within 500 ms become one at the end of
 * that time, unless a key frame came meanwhile.
 */
export class KeyFrameRequests {
  readonly #emit: () => void;
  #emittedAtMs = Number.NEGATIVE_INFINITY;
  #pending = false;

  constructor(emit: () => void) {
    this.#emit = emit;
  }

  request(nowMs: number): void {
    if (nowMs - this.#emittedAtMs < KEY_FRAME_REQUEST_MS) this.#pending = true;
    else this.#send(nowMs);
  }

  onKeyFrame(): void {
    this.#pending = false;
  }

  tick(nowMs: number): void {
    if (this.#pending && nowMs - this.#emittedAtMs >= KEY_FRAME_REQUEST_MS) this.#send(nowMs);
  }

  #send(nowMs: number): void {
    this.#pending = false;
    this.#emittedAtMs = nowMs;
    this.#emit();
  }
}
