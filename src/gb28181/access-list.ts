import { BlockList, isIP } from 'node:net';

/** Which source addresses may speak to the platform: entries are addresses or blocks such as `192.168.0.0/16`. */
export class AccessList {
  readonly #allow: BlockList | undefined;
  readonly #deny: BlockList | undefined;

  constructor(allow: readonly string[], deny: readonly string[]) {
    this.#allow = listOf(allow);
    this.#deny = listOf(deny);
  }

  /** A denied address is out even when it is allowed too; with an empty allow list everybody else is in. */
  permits(address: string): boolean {
    if (this.#deny === undefined && this.#allow === undefined) return true;
    if (this.#deny !== undefined && contains(this.#deny, address)) return false;
    return this.#allow === undefined || contains(this.#allow, address);
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function listOf(entries: readonly string[]): BlockList | undefined {
  if (entries.length === 0) return undefined;
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/', 2);
    if (prefix === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return list;
}

/** A socket for both families tells an IPv4 peer as `::ffff:192.0.2.1`. */
function contains(list: BlockList, address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(plain) !== 0 && list.check(plain, familyOf(plain));
}
