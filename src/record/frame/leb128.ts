/** AV1 bitstream 4.10.5: at most eight bytes; more than 32 bits are no size. */
const MAX_BYTES = 8;
const MAX_VALUE = 0xffff_ffff;

/** Undefined where the bytes end before the number, or it is larger than 32 bits. */
export function readLeb128(
  bytes: Uint8Array,
  start: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let index = 0; index < MAX_BYTES; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if ((byte & 0x80) === 0) return value > MAX_VALUE ? undefined : { value, next: start + index + 1 };
  }
  return undefined;
}

export function formatLeb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}
