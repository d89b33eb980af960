import type { Response } from 'express';

/** Bytes that may wait for one listener; what comes then is dropped and told as `lagged`. */
const MAX_QUEUED_BYTES = 256 * 1024;

/** One open event stream. Writing never waits: a slow reader loses events, not we memory. */
export class EventListener {
  readonly #res: Response;
  readonly #expiresAt: number;
  #nextId = 1;
  #dropped = 0;

  constructor(res: Response, expiresAt: number) {
    this.#res = res;
    this.#expiresAt = expiresAt;
    res.on('drain', () => this.#tellLag());
  }

  send(event: string, json: string): void {
    if (this.#res.writableEnded || this.#res.destroyed) return;
    this.#tellLag();
    if (this.#res.writableLength > MAX_QUEUED_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#write(event, json);
  }

  /** Keeps proxies from closing the stream; ends it when its token has run out. */
  heartbeat(now: number): void {
    if (now >= this.#expiresAt) return this.end();
    this.#tellLag();
    if (!this.#res.writableEnded && this.#res.writableLength <= MAX_QUEUED_BYTES) this.#res.write(': \n\n');
    return undefined;
  }

  end(): void {
    if (!this.#res.writableEnded) this.#res.end();
  }

  #tellLag(): void {
    if (this.#dropped === 0 || this.#res.writableEnded || this.#res.writableLength > MAX_QUEUED_BYTES / 2) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#write('lagged', JSON.stringify({ dropped }));
  }

  #write(event: string, json: string): void {
    this.#res.write(`id: ${this.#nextId}\nevent: ${event}\ndata: ${json}\n\n`);
    this.#nextId += 1;
  }
}
