import { ByteArena, ownText } from '../byte-arena.ts';
import { WheelEntry, type ExpiryWheel } from './wheel.ts';

/** Of all responses together: what garbage makes us answer is bounded by it, too. */
const MAX_BYTES = 16 * 1024 * 1024;

interface Finished {
  readonly response: Buffer;
  readonly due: number;
}

/**
 * RFC 3261 §17.2.2: completed transactions of requests that are not INVITE, up to Timer J. They need their key and the
 * bytes of the final response, nothing of the request; all wait equally long, so the oldest is always the next to go.
 */
export class FinishedResponses {
  readonly #byKey = new Map<string, Finished>();
  readonly #arena = new ByteArena();
  readonly #expiry = new WheelEntry(() => this.#expire());
  #wheel: ExpiryWheel | undefined;
  #bytes = 0;

  get size(): number {
    return this.#byKey.size;
  }

  find(key: string): Buffer | undefined {
    return this.#byKey.get(key)?.response;
  }

  add(key: string, bytes: Buffer, { wheel, lastsMs }: { wheel: ExpiryWheel; lastsMs: number }): void {
    this.#remove(key);
    // The key was put together of pieces of the request's head, which must not stay for their sake.
    this.#byKey.set(ownText(key), { response: this.#arena.keep(bytes), due: performance.now() + lastsMs });
    this.#bytes += bytes.length;
    while (this.#bytes > MAX_BYTES && this.dropOldest());
    this.#wheel = wheel;
    if (!this.#expiry.scheduled) wheel.schedule(this.#expiry, lastsMs);
  }

  /** False where there is none. */
  dropOldest(): boolean {
    const [oldest] = this.#byKey.keys();
    if (oldest === undefined) return false;
    this.#remove(oldest);
    return true;
  }

  clear(): void {
    this.#byKey.clear();
    this.#bytes = 0;
    this.#wheel?.cancel(this.#expiry);
  }

  #remove(key: string): void {
    this.#bytes -= this.#byKey.get(key)?.response.length ?? 0;
    this.#byKey.delete(key);
  }

  #expire(): void {
    const now = performance.now();
    for (const [key, { due }] of this.#byKey) {
      if (due > now) {
        this.#wheel?.schedule(this.#expiry, due - now);
        return;
      }
      this.#remove(key);
    }
  }
}
