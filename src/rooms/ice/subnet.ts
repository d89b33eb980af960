/** Fewer common bits than this are chance: /8 of IPv4, /16 of IPv6. */
const MIN_PREFIX = { ipv4: 8, ipv6: 16 } as const;
const IPV4_BYTES = 4;

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
