import { AddressBlocks } from '../util/index.ts';

/** Which source addresses may speak to the platform: entries are addresses or blocks such as `192.168.0.0/16`. */
export class AccessList {
  readonly #allow: AddressBlocks;
  readonly #deny: AddressBlocks;

  constructor(allow: readonly string[], deny: readonly string[]) {
    this.#allow = new AddressBlocks(allow);
    this.#deny = new AddressBlocks(deny);
  }

  /** A denied address is out even when it is allowed too; with an empty allow list everybody else is in. */
  permits(address: string): boolean {
    return !this.#deny.has(address) && (this.#allow.empty || this.#allow.has(address));
  }
}
