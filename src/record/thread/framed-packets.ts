/** RFC 2326 §10.12: `$`, channel, 16 bits of length. */
const DOLLAR = 0x24;
const HEADER_BYTES = 4;

/** Each packet in `data[start, end)`; returns how many. What is no frame ends it. */
export function forEachFramedPacket(
  data: Buffer,
  onPacket: (channel: number, start: number, end: number) => void,
): number {
  let packets = 0;
  for (let at = 0; at + HEADER_BYTES <= data.length; packets++) {
    const start = at + HEADER_BYTES;
    const end = start + ((data[at + 2]! << 8) | data[at + 3]!);
    if (data[at] !== DOLLAR || end > data.length) break;
    onPacket(data[at + 1]!, start, end);
    at = end;
  }
  return packets;
}
