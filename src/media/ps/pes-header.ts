const FIXED_BYTES = 9;

/** Re-used between headers. */
export interface PesHeader {
  /** −1 = absent. 33 bits. */
  pts: number;
  dts: number;
  /** Start code to the first payload byte. */
  headerBytes: number;
  /** PES_packet_length 0 (only allowed for video, ISO/IEC 13818-1 2.4.3.7): the next start code ends it. */
  unbounded: boolean;
  payloadBytes: number;
}

export type PesHeaderError = 'need_more' | 'pes_bad_header' | 'pes_bad_length';

/** Parses the PES header at `offset` (ISO/IEC 13818-1 table 2-21) of a stream that has the optional header. */
export function parsePesHeader(
  buffer: Buffer,
  offset: number,
  end: number,
  header: PesHeader,
): PesHeaderError | undefined {
  if (end - offset < FIXED_BYTES) return 'need_more';
  if ((buffer[offset + 6]! & 0xc0) !== 0x80) return 'pes_bad_header';
  const packetLength = (buffer[offset + 4]! << 8) | buffer[offset + 5]!;
  const headerDataLength = buffer[offset + 8]!;
  header.headerBytes = FIXED_BYTES + headerDataLength;
  header.unbounded = packetLength === 0;
  header.payloadBytes = header.unbounded ? 0 : packetLength + 6 - header.headerBytes;
  if (header.payloadBytes < 0) return 'pes_bad_length';
  if (end - offset < header.headerBytes) return 'need_more';
  const flags = buffer[offset + 7]! >> 6;
  header.pts = (flags & 2) !== 0 && headerDataLength >= 5 ? readStamp(buffer, offset + 9) : -1;
  header.dts = flags === 3 && headerDataLength >= 10 ? readStamp(buffer, offset + 14) : -1;
  return undefined;
}

/** 33 bits in 5 bytes: 4 bits of prefix, 3+15+15 bits with a marker bit behind each. */
function readStamp(buffer: Buffer, at: number): number {
  const high = (buffer[at]! >> 1) & 0x07;
  const middle = (buffer[at + 1]! << 7) | (buffer[at + 2]! >> 1);
  const low = (buffer[at + 3]! << 7) | (buffer[at + 4]! >> 1);
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}
