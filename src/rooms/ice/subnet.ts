import { isIP } from 'node:net';
import { withoutZone } from '../../util/index.ts';

/** Fewer common bits than this are chance: /8 of IPv4, /16 of IPv6. */
const MIN_PREFIX = { ipv4: 8, ipv6: 16 } as const;
const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
/** ::ffff:0:0/96, RFC 4291 §2.5.5.2. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The bytes of an IP address, an IPv4-mapped one as IPv4; undefined for other texts. */
export function addressBytes(text: string): readonly number[] | undefined {
  const address = withoutZone(text);
  switch (isIP(address)) {
    case 4:
      return address.split('.').map(Number);
    case 6: {
      const bytes = ipv6Bytes(address);
      const mapped = MAPPED.every((byte, index) => bytes[index] === byte);
      return mapped ? bytes.slice(-IPV4_BYTES) : bytes;
    }
    default:
      return undefined;
  }
}

function ipv6Bytes(address: string): number[] {
  const [head = [], tail = []] = address.split('::').map((part) => groupBytes(part));
  const zeros = IPV6_BYTES - head.length - tail.length;
  return [...head, ...Array.from({ length: zeros }, () => 0), ...tail];
}

/** Bytes of `2001:db8:1`, whose last group may be an IPv4 address. */
function groupBytes(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** Bits that two addresses have in common from the left; 0 for too few, for two families, for a host name. */
export function commonPrefix(one: readonly number[] | undefined, other: readonly number[] | undefined): number {
  if (one === undefined || other === undefined || one.length !== other.length) return 0;
  let bits = 0;
  for (const [index, byte] of one.entries()) {
    const difference = byte ^ (other[index] ?? 0);
    bits += difference === 0 ? 8 : Math.clz32(difference) - 24;
    if (difference !== 0) break;
  }
  return bits < (one.length === IPV4_BYTES ? MIN_PREFIX.ipv4 : MIN_PREFIX.ipv6) ? 0 : bits;
}
