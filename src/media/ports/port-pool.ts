import { PortsExhaustedError } from './errors.ts';

export interface PortPoolOptions {
  readonly portMin: number;
  readonly portMax: number;
  readonly quarantineMs: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

type PortState = { readonly kind: 'taken' } | { readonly kind: 'quarantine'; readonly untilMs: number };

/** How long a port that another process holds is left alone, at least. */
const FOREIGN_PORT_MS = 30_000;

/**
 * Even RTP ports of a range (RFC 3550 §11: RTP even, RTCP the next odd one). A freed port rests before it is given out
 * again, because the former sender may still send to it (quirks P2).
 */
export class PortPool {
  readonly #options: PortPoolOptions;
  readonly #states = new Map<number, PortState>();
  readonly #first: number;
  readonly #count: number;
  #cursor = 0;

  constructor(options: PortPoolOptions) {
    this.#options = options;
    this.#first = options.portMin + (options.portMin % 2);
    this.#count = Math.max(0, Math.floor((options.portMax - this.#first) / 2) + 1);
  }

  /** Even ports in the range. */
  get capacity(): number {
    return this.#count;
  }

  /** Ports that cannot be given out now. */
  get used(): number {
    const now = this.#options.now();
    let used = 0;
    for (const state of this.#states.values()) {
      if (state.kind === 'taken' || state.untilMs > now) used += 1;
    }
    return used;
  }

  /**
   * The next free port, round robin.
   * @throws PortsExhaustedError
   */
  take(): number {
    const now = this.#options.now();
    for (let step = 0; step < this.#count; step += 1) {
      const index = (this.#cursor + step) % this.#count;
      const port = this.#first + index * 2;
      const state = this.#states.get(port);
      if (state !== undefined && (state.kind === 'taken' || state.untilMs > now)) continue;
      this.#cursor = (index + 1) % this.#count;
      this.#states.set(port, { kind: 'taken' });
      return port;
    }
    throw new PortsExhaustedError(this.used, this.#count);
  }

  /** The session is over: quarantine, then free. A port that is not taken is left alone. */
  release(port: number): void {
    this.#rest(port, this.#options.quarantineMs);
  }

  /** Another process holds the port: skipped for a while. */
  markForeign(port: number): void {
    this.#rest(port, Math.max(FOREIGN_PORT_MS, this.#options.quarantineMs));
  }

  #rest(port: number, restMs: number): void {
    if (this.#states.get(port)?.kind !== 'taken') return;
    if (restMs <= 0) this.#states.delete(port);
    else this.#states.set(port, { kind: 'quarantine', untilMs: this.#options.now() + restMs });
  }
}
