/** Long enough for a device to have found its pace. */
const PROBE_MS = 1500;
/** A step of more is a jump and tells nothing of the pace. */
const MAX_STEP_MS = 10_000;

/**
 * Tells whether the stamps of a device that plays at another speed are those of the material, running at that speed, or
 * have been scaled by the device already and run as the wall clock does. Devices do both.
 */
export class SpeedProbe {
  readonly #speed: number;
  #materialMs = 0;
  #sinceMs: number | undefined;

  constructor(speed: number) {
    this.#speed = speed;
  }

  /** One step of the device's clock, and when it came; a verdict once there is enough. */
  add(stepMs: number, nowMs: number): 'material' | 'scaled' | undefined {
    if (this.#sinceMs === undefined) {
      this.#sinceMs = nowMs;
      return undefined;
    }
    if (stepMs > 0 && stepMs < MAX_STEP_MS) this.#materialMs += stepMs;
    const wallMs = nowMs - this.#sinceMs;
    if (wallMs < PROBE_MS) return undefined;
    const pace = this.#materialMs / wallMs;
    const distance = (expected: number): number => Math.abs(Math.log(Math.max(pace, 0.01) / expected));
    return distance(1) < distance(this.#speed) ? 'scaled' : 'material';
  }
}
