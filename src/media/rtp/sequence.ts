/** Signed distance from `from` to `to` in 16-bit sequence numbers, −32768…32767 (RFC 1982 in spirit). */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Next 16-bit sequence number. */
export function nextSequence(sequenceNumber: number): number {
  return (sequenceNumber + 1) & 0xffff;
}
