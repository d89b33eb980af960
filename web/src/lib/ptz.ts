import type { PtzDirection } from '../api/types.ts';

const KEYS: Readonly<Record<string, 'up' | 'down' | 'left' | 'right' | 'zoomin' | 'zoomout'>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
  '+': 'zoomin',
  '=': 'zoomin',
  '-': 'zoomout',
  _: 'zoomout',
};

export const isPtzKey = (key: string): boolean => Object.hasOwn(KEYS, key);

/** What the keys held down mean together: two arrows are a diagonal, opposite ones cancel each other. */
export function directionOfKeys(held: ReadonlySet<string>): PtzDirection {
  const parts = new Set([...held].map((key) => KEYS[key]));
  const vertical = parts.has('up') === parts.has('down') ? '' : parts.has('up') ? 'up' : 'down';
  const horizontal = parts.has('left') === parts.has('right') ? '' : parts.has('left') ? 'left' : 'right';
  if (vertical || horizontal) return `${vertical}${horizontal}` as PtzDirection;
  if (parts.has('zoomin') === parts.has('zoomout')) return 'stop';
  return parts.has('zoomin') ? 'zoomin' : 'zoomout';
}

/** Steps 1-10 of the slider as the bytes of GB/T 28181 A.3: 0-255 for pan and tilt, 0-15 for zoom. */
export const ptzSpeeds = (step: number): { speed: number; zoomSpeed: number } => ({
  speed: Math.min(255, Math.max(1, Math.round(step * 25.5))),
  zoomSpeed: Math.min(15, Math.max(1, Math.round(step * 1.5))),
});

/**
 * Sends moves one after the other. While one is on its way only the newest wish is kept, and a stop is never lost:
 * a camera that goes on turning is worse than one that reacts late.
 */
export class PtzQueue<Move = PtzDirection> {
  readonly #stop: Move;
  readonly #send: (move: Move) => Promise<unknown>;
  #busy = false;
  #next: Move | undefined;
  /** What the camera does as far as is known; after a stop that failed that is nothing. */
  #last: Move | undefined;

  /** `send` rejects where the move did not arrive. */
  constructor(stop: Move, send: (move: Move) => Promise<unknown>) {
    this.#stop = stop;
    this.#send = send;
    this.#last = stop;
  }

  push(move: Move): void {
    this.#next = move;
    if (!this.#busy) void this.#drain();
  }

  /** The stop that somebody asks for goes out also where the camera should be at rest: it may not be. */
  halt(): void {
    this.#last = undefined;
    this.push(this.#stop);
  }

  /** What waits goes out at once: the page is being left, and what is on its way will not be answered to it. */
  flush(): void {
    const move = this.#next;
    if (move === undefined) return;
    this.#next = undefined;
    this.#last = move;
    this.#send(move).catch(() => undefined);
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#next !== undefined) {
      const move = this.#next;
      this.#next = undefined;
      if (move === this.#last) continue;
      this.#last = move;
      const arrived = (await this.#try(move)) || (move === this.#stop && (await this.#try(move)));
      if (!arrived && move === this.#stop && this.#last === move) this.#last = undefined;
    }
    this.#busy = false;
  }

  #try(move: Move): Promise<boolean> {
    return this.#send(move).then(
      () => true,
      () => false,
    );
  }
}
