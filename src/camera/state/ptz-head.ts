import type { PrecisePosition } from '../../gb28181/manscdp/ptz-position.ts';
import type { PtzLens, PtzMotion } from '../../gb28181/ptz.ts';

/** Degrees and multiplier, as in GB/T 28181-2022 6.6: positive tilt is down. */
export interface Position {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

const FULL_PAN_PER_SEC = 90;
const FULL_TILT_PER_SEC = 60;
const FULL_ZOOM_PER_SEC = 4;
const TILT = { min: -30, max: 90 } as const;
const ZOOM = { min: 1, max: 32 } as const;
const STILL = { pan: 0, tilt: 0, zoom: 0 } as const;

/** A dome: it turns while a move lasts, and stands at the edges. Its position is worked out when somebody asks. */
export class PtzHead {
  readonly #now: () => number;
  #from: Position = { pan: 0, tilt: 0, zoom: 1 };
  /** Per second. */
  #speed: Position = STILL;
  #since = 0;
  /** -1 to 1 each, what the lens is doing. */
  lens: Pick<PtzLens, 'focus' | 'iris'> = { focus: 0, iris: 0 };

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get position(): Position {
    const seconds = (this.#now() - this.#since) / 1_000;
    const { pan, tilt, zoom } = this.#from;
    return {
      pan: (((pan + this.#speed.pan * seconds) % 360) + 360) % 360,
      tilt: within(tilt + this.#speed.tilt * seconds, TILT),
      zoom: within(zoom + this.#speed.zoom * seconds, ZOOM),
    };
  }

  get moving(): boolean {
    return this.#speed.pan !== 0 || this.#speed.tilt !== 0 || this.#speed.zoom !== 0;
  }

  move({ pan, tilt, zoom, panSpeed, tiltSpeed, zoomSpeed }: PtzMotion): void {
    this.#set(this.position, {
      pan: (pan * panSpeed * FULL_PAN_PER_SEC) / 255,
      tilt: (-tilt * tiltSpeed * FULL_TILT_PER_SEC) / 255,
      zoom: (zoom * zoomSpeed * FULL_ZOOM_PER_SEC) / 15,
    });
  }

  /** At once; values out of range clamp, absent ones stay. */
  goTo(to: PrecisePosition): void {
    const { pan, tilt, zoom } = { ...this.position, ...to };
    this.#set({ pan: ((pan % 360) + 360) % 360, tilt: within(tilt, TILT), zoom: within(zoom, ZOOM) }, STILL);
  }

  stop(): void {
    this.#set(this.position, STILL);
  }

  #set(from: Position, speed: Position): void {
    this.#from = from;
    this.#speed = speed;
    this.#since = this.#now();
  }
}

function within(value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  return Math.min(max, Math.max(min, value));
}
