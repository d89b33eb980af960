const FIXED_BYTES = 6;
/** Six bytes of rates and bounds and three per stream: longer ones are not a system header. */
const MAX_BYTES = 1024;

/** Bytes that follow start code and length (ISO/IEC 13818-1 table 2-34); 0 = more bytes are needed, −1 = not one. */
export function systemHeaderBody(buffer: Buffer, offset: number, end: number): number {
  if (end - offset < FIXED_BYTES) return 0;
  const length = (buffer[offset + 4]! << 8) | buffer[offset + 5]!;
  return length === 0 || length > MAX_BYTES ? -1 : length;
}
