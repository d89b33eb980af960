import { addressBytes } from './address-bytes.ts';
import { plainAddress, withoutZone } from './plain-address.ts';

/** Of a /64. */
const NETWORK_GROUPS = 4;
/** RFC 4291 §2.5.6: neighbours on one link, each with one address. */
const LINK_LOCAL = /^fe[89ab]/i;

/**
 * What counts as one source in limits: an IPv4 address, or the /64 of an IPv6 one, because whoever has one address has
 * all of its /64 (RFC 6177 §2). Other texts stay as they are.
 */
export function sourceNetwork(address: string): string {
  const plain = plainAddress(withoutZone(address));
  if (!plain.includes(':') || LINK_LOCAL.test(plain)) return plain;
  const bytes = addressBytes(plain);
  if (bytes === undefined) return plain;
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from(
    { length: NETWORK_GROUPS },
    (_, at) => (bytes[at * 2] ?? 0) * 256 + (bytes[at * 2 + 1] ?? 0),
  );
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}
