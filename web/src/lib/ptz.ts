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
export class PtzQueue {
  readonly #send: (direction: PtzDirection) => Promise<unknown>;
  #busy = false;
  #next: PtzDirection | undefined;
  #last: PtzDirection = 'stop';

  constructor(send: (direction: PtzDirection) => Promise<unknown>) {
    this.#send = send;
  }

  push(direction: PtzDirection): void {
    this.#next = direction;
    if (!this.#busy) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#next !== undefined) {
      const direction = this.#next;
      this.#next = undefined;
      if (direction === this.#last) continue;
      this.#last = direction;
      await this.#send(direction).catch(() => {
        // A camera that goes on turning is worth a second message.
        if (direction === 'stop') return this.#send(direction).catch(() => undefined);
      });
    }
    this.#busy = false;
  }
}
