import { isIP } from 'node:net';
import { withoutZone } from './plain-address.ts';

const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
/** ::ffff:0:0/96, RFC 4291 §2.5.5.2. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The bytes of an IP address, 4 or 16; an IPv4-mapped one as IPv4; undefined for other texts. */
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
