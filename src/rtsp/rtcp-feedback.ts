const HEADER_BYTES = 4;
/** RFC 4585 §6.1: payload-specific feedback. */
const PAYLOAD_SPECIFIC = 206;
/** RFC 4585 §6.3.1. */
const PICTURE_LOSS = 1;
/** RFC 5104 §4.3.1. */
const FULL_INTRA = 4;

/** Whether a compound RTCP packet (RFC 3550 §6.1) asks for a key frame, by PLI or FIR. Never throws. */
export function asksForKeyFrame(packet: Uint8Array): boolean {
  for (let at = 0; at + HEADER_BYTES <= packet.length;) {
    const first = packet[at] ?? 0;
    if (first >> 6 !== 2) return false;
    const format = first & 0x1f;
    if (packet[at + 1] === PAYLOAD_SPECIFIC && (format === PICTURE_LOSS || format === FULL_INTRA)) return true;
    at += HEADER_BYTES * (1 + (((packet[at + 2] ?? 0) << 8) | (packet[at + 3] ?? 0)));
  }
  return false;
}
