import { ownText } from '../../sip/index.ts';

/** Longer ones are compared by their beginning. */
const MAX_LENGTH = 128;

/**
 * Under which Call-ID a device registers. RFC 3261 §10.2: under one and the same until it restarts, so that a new one
 * says that the device has forgotten its dialogs. Some devices take a new one for each REGISTER: of several in a row
 * only the first is believed, until the device has refreshed its registration under one.
 */
export class RegistrationCallId {
  #callId: string | undefined;
  #changes = 0;

  /** Of a registration that came while an earlier one held: true when the device must have restarted since. */
  refreshed(callId: string): boolean {
    const changed = this.#take(callId);
    this.#changes = changed ? this.#changes + 1 : 0;
    return this.#changes === 1;
  }

  /** Of a device that was away, which may have restarted or not. */
  begun(callId: string): void {
    this.#take(callId);
    // Who is known to take a new one each time stays so.
    if (this.#changes === 1) this.#changes = 0;
  }

  #take(callId: string): boolean {
    const text = callId.slice(0, MAX_LENGTH);
    if (text === this.#callId) return false;
    this.#callId = ownText(text);
    return true;
  }
}
