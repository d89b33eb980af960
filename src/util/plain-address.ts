/**
 * A socket for both families tells an IPv4 peer as `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2); here it is `192.0.2.1`.
 * Other texts stay as they are; a closed socket, which has no address, has the empty one.
 */
export function plainAddress(address = ''): string {
  // Of every packet: most addresses need no look at more than their head.
  return address.startsWith('::') ? address.replace(/^::ffff:(?=\d+\.)/i, '') : address;
}

/** Without the zone of RFC 4007 §11, which has a meaning on one machine only: `fe80::1` of `fe80::1%eth0`. */
export function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}
