import { isStartCodePrefix } from './start-code.ts';

/**
 * ISO/IEC 13818-1 table 2-33:
 * 000001BA · '01' SCR[32..30] 1 SCR[29..15] 1 SCR[14..0] 1 SCR_ext(9) 1 · program_mux_rate(22) 11 · reserved(5)
 * pack_stuffing_length(3) · stuffing
 */
const PACK_HEADER_BYTES = 14;
/** ISO/IEC 11172-1 2.4.3.2. */
const MPEG1_PACK_HEADER_BYTES = 12;
const START_CODE_BYTES = 4;

export interface PackHeader {
  /** 90 kHz, 33 bits. */
  readonly scrBase: number;
  /** 27 MHz remainder, 9 bits. */
  readonly scrExtension: number;
  readonly bytes: number;
}

/**
 * Length of the pack header at `offset`; 0 = more bytes are needed, −1 = not a pack header. A header that is cut off behind
 * its start code, as Hikvision H.265 cameras send it (000001BA 000001E0), has 4 bytes.
 */
export function packHeaderBytes(buffer: Buffer, offset: number, end: number): number {
  const available = end - offset;
  if (available < 5) return 0;
  const first = buffer[offset + START_CODE_BYTES]!;
  if ((first & 0xc0) === 0x40) {
    if (available < PACK_HEADER_BYTES) return 0;
    const bytes = PACK_HEADER_BYTES + (buffer[offset + PACK_HEADER_BYTES - 1]! & 7);
    return available < bytes ? 0 : bytes;
  }
  if ((first & 0xf0) === 0x20) return available < MPEG1_PACK_HEADER_BYTES ? 0 : MPEG1_PACK_HEADER_BYTES;
  if (first !== 0) return -1;
  if (available < 7) return 0;
  return isStartCodePrefix(buffer, offset + START_CODE_BYTES) ? START_CODE_BYTES : -1;
}

/** Parses an MPEG-2 pack header with its system clock reference. */
export function parsePackHeader(buffer: Buffer, offset = 0): PackHeader | 'need_more' | 'pack_bad_header' {
  const bytes = packHeaderBytes(buffer, offset, buffer.length);
  if (bytes === 0) return 'need_more';
  if (bytes < PACK_HEADER_BYTES) return 'pack_bad_header';
  const high = (buffer[offset + 4]! >> 3) & 0x07;
  const b = (index: number): number => buffer[offset + index]!;
  const middle = ((b(4) & 0x03) << 13) | (b(5) << 5) | (b(6) >> 3);
  const low = ((b(6) & 0x03) << 13) | (b(7) << 5) | (b(8) >> 3);
  return { scrBase: high * 2 ** 30 + middle * 2 ** 15 + low, scrExtension: ((b(8) & 0x03) << 7) | (b(9) >> 1), bytes };
}
