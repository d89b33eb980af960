import { BlockList, isIP } from 'node:net';
import { plainAddress } from './plain-address.ts';

/** A set of IP addresses and blocks such as `192.168.0.0/16`. */
export class AddressBlocks {
  readonly #list: BlockList | undefined;

  /** Entries are checked by the configuration. */
  constructor(entries: readonly string[]) {
    if (entries.length === 0) return;
    this.#list = new BlockList();
    for (const entry of entries) {
      const [address = '', prefix] = entry.split('/', 2);
      if (prefix === undefined) this.#list.addAddress(address, familyOf(address));
      else this.#list.addSubnet(address, Number(prefix), familyOf(address));
    }
  }

  get empty(): boolean {
    return this.#list === undefined;
  }

  /** An IPv4-mapped IPv6 address counts as IPv4; what is no address is in none. */
  has(address: string): boolean {
    const plain = plainAddress(address);
    return this.#list !== undefined && isIP(plain) !== 0 && this.#list.check(plain, familyOf(plain));
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
