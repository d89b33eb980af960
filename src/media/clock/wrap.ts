/** ISO/IEC 13818-1 2.4.3.7: PTS and DTS have 33 bits, too many for JavaScript's bit operators. */
export const PES_CLOCK_MODULUS = 2 ** 33;
/** RFC 3550 §5.1. */
export const RTP_CLOCK_MODULUS = 2 ** 32;

/** Shortest signed way from `from` to `to` on a clock that wraps at `modulus`. */
export function wrapDelta(from: number, to: number, modulus: number): number {
  const delta = (to - from) % modulus;
  if (delta >= modulus / 2) return delta - modulus;
  return delta < -modulus / 2 ? delta + modulus : delta;
}
