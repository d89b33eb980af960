/** ITU-T G.711 expansion of one A-law byte to 16-bit linear. */
export function alawToLinear(byte: number): number {
  const value = byte ^ 0x55;
  const exponent = (value >> 4) & 7;
  const mantissa = value & 0x0f;
  const magnitude = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
  return (value & 0x80) !== 0 ? magnitude : -magnitude;
}

/** ITU-T G.711 expansion of one µ-law byte to 16-bit linear. */
export function ulawToLinear(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + 0x84) << ((value >> 4) & 7)) - 0x84;
  return (value & 0x80) !== 0 ? -magnitude : magnitude;
}

/** ITU-T G.711 compression of a 16-bit linear sample to A-law. */
export function linearToAlaw(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  let magnitude = Math.min(sample >= 0 ? sample : -sample - 1, 0x7fff) >> 4;
  if (magnitude < 0) magnitude = 0;
  let exponent = 0;
  if (magnitude >= 16) {
    exponent = 1;
    while (magnitude >= 32) {
      magnitude >>= 1;
      exponent++;
    }
  }
  return (sign | (exponent << 4) | (magnitude & 0x0f)) ^ 0x55;
}

/** ITU-T G.711 compression of a 16-bit linear sample to µ-law. */
export function linearToUlaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), 0x7fff - 0x84) + 0x84;
  const exponent = 31 - Math.clz32(magnitude >> 7);
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

/** A-law byte → µ-law byte, by way of linear. */
export const ALAW_TO_ULAW: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => linearToUlaw(alawToLinear(byte)));

/** µ-law byte → A-law byte, by way of linear. */
export const ULAW_TO_ALAW: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => linearToAlaw(ulawToLinear(byte)));

/** Bytes near silence count for the law under which they are near zero. */
const QUIET_STEPS = 8;

/** Guesses the law of undeclared G.711: silence is 0xD5/0x55 in A-law, 0xFF/0x7F in µ-law. */
export function sniffG711(payload: Uint8Array): 'pcma' | 'pcmu' {
  let quietAlaw = 0;
  let quietUlaw = 0;
  for (const byte of payload) {
    if (((byte ^ 0x55) & 0x7f) < QUIET_STEPS) quietAlaw++;
    if ((~byte & 0x7f) < QUIET_STEPS) quietUlaw++;
  }
  return quietUlaw * 4 > payload.length && quietUlaw > 2 * quietAlaw ? 'pcmu' : 'pcma';
}
