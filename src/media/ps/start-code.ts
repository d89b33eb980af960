/** ISO/IEC 13818-1 table 2-22 and 2.5.3.2; GB/T 28181-2022 annex C. */
export const START_CODE = {
  programEnd: 0xb9,
  pack: 0xba,
  systemHeader: 0xbb,
  programStreamMap: 0xbc,
  privateStream1: 0xbd,
  padding: 0xbe,
  privateStream2: 0xbf,
} as const;

/** Identifiers below belong to the video elementary stream, whose NAL units have forbidden_zero_bit 0. */
const FIRST_SYSTEM_ID = 0xb9;

export function isVideoStreamId(id: number): boolean {
  return (id & 0xf0) === 0xe0;
}

export function isAudioStreamId(id: number): boolean {
  return (id & 0xe0) === 0xc0;
}

export function isStartCodePrefix(buffer: Buffer, at: number): boolean {
  return buffer[at] === 0 && buffer[at + 1] === 0 && buffer[at + 2] === 1;
}

/**
 * Offset of the first system-level start code that is whole in `buffer[from, end)`, −1 = none. Every third byte is looked
 * at, because a prefix has no byte over 1.
 */
export function findSystemStartCode(buffer: Buffer, from: number, end: number): number {
  let at = from + 2;
  while (at < end - 1) {
    const byte = buffer[at]!;
    if (byte > 1) at += 3;
    else if (byte === 0) at++;
    else {
      if (buffer[at - 1] === 0 && buffer[at - 2] === 0 && buffer[at + 1]! >= FIRST_SYSTEM_ID) return at - 2;
      at += 3;
    }
  }
  return -1;
}

/** Offset of the first pack start code that is whole in `buffer[from, end)`, −1 = none. */
export function findPackStartCode(buffer: Buffer, from: number, end: number): number {
  let at = from;
  for (;;) {
    at = findSystemStartCode(buffer, at, end);
    if (at < 0 || buffer[at + 3] === START_CODE.pack) return at;
    at += 4;
  }
}

/** How many bytes at the end of `buffer[from, end)` may be the start of a start code: 0–3. */
export function partialStartCode(buffer: Buffer, from: number, end: number): number {
  const length = end - from;
  if (length >= 3 && isStartCodePrefix(buffer, end - 3)) return 3;
  if (length >= 2 && buffer[end - 2] === 0 && buffer[end - 1] === 0) return 2;
  return length >= 1 && buffer[end - 1] === 0 ? 1 : 0;
}
