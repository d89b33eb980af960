const FIXED_BYTES = 6;
/** ISO/IEC 13818-1 2.5.4.1: program_stream_map_length is at most 1018. */
const MAX_LENGTH = 1018;
const CRC_BYTES = 4;

/**
 * Length of the program stream map at `offset` with start code and CRC; 0 = more bytes are needed, −1 = not one.
 */
export function programStreamMapBytes(buffer: Buffer, offset: number, end: number): number {
  if (end - offset < FIXED_BYTES) return 0;
  const length = (buffer[offset + 4]! << 8) | buffer[offset + 5]!;
  if (length < 4 || length > MAX_LENGTH) return -1;
  return end - offset < FIXED_BYTES + length ? 0 : FIXED_BYTES + length;
}

/**
 * Tells each (stream_type, stream_id) of the program stream map in `buffer[offset, end)` (ISO/IEC 13818-1 table 2-41). The
 * CRC is not checked (Hikvision stores it byte-swapped) and elementary_stream_map_length not believed (some muxers state
 * too little): entries are read until the CRC.
 */
export function readProgramStreamMap(
  buffer: Buffer,
  offset: number,
  end: number,
  onStream: (streamType: number, streamId: number) => void,
): void {
  const infoLength = (buffer[offset + 8]! << 8) | buffer[offset + 9]!;
  const last = end - CRC_BYTES;
  let at = offset + 10 + infoLength + 2;
  while (at + 4 <= last) {
    onStream(buffer[at]!, buffer[at + 1]!);
    at += 4 + ((buffer[at + 2]! << 8) | buffer[at + 3]!);
  }
}
