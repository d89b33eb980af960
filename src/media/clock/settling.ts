/** What was under way when a device was given an order has come by then. */
const SETTLE_MS = 300;
/** From here on it is no lateness but another place, or what had waited behind a stall. */
const JUMP_90K = 300 * 90;

/**
 * Behind an order to the device: finds the offset from its clock to the output anew, that of the unit which came with
 * the least delay since the device's clock has been where it is now.
 */
export class Settling {
  #endsAtMs: number | undefined;
  #offset: number | undefined;

  /** Output minus device clock; undefined before the first unit. */
  get offset(): number | undefined {
    return this.#offset;
  }

  /** One unit by the device's clock, and where the output is at that moment. False = that was enough. */
  add(device90k: number, present90k: number, nowMs: number): boolean {
    const offset = present90k - device90k;
    const known = this.#offset;
    this.#offset = known === undefined || Math.abs(offset - known) > JUMP_90K ? offset : Math.min(known, offset);
    this.#endsAtMs ??= nowMs + SETTLE_MS;
    return nowMs < this.#endsAtMs;
  }
}
