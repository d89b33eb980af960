import { isIP } from 'node:net';
import { plainAddress, withoutZone } from './plain-address.ts';

const GROUPS = 8;
/** RFC 4291 §2.5.6: neighbours on one link, each with one address. */
const LINK_LOCAL = /^fe[89ab]/i;

/**
 * What counts as one source in limits: an IPv4 address, or the /64 of an IPv6 one, because whoever has one address has
 * all of its /64 (RFC 6177 §2). Other texts stay as they are.
 */
export function sourceNetwork(address: string): string {
  const plain = plainAddress(withoutZone(address));
  if (isIP(plain) !== 6 || LINK_LOCAL.test(plain)) return plain;
  const [head = [], tail] = plain.split('::').map((part) => (part === '' ? [] : part.split(':')));
  // An IPv4 address at the end is two groups.
  const width = (tail?.length ?? 0) + (tail?.at(-1)?.includes('.') === true ? 1 : 0);
  const zeros = Array.from({ length: tail === undefined ? 0 : GROUPS - head.length - width }, () => '0');
  const groups = [...head, ...zeros, ...(tail ?? [])].slice(0, GROUPS / 2);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
