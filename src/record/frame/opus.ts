/** RFC 6716 §3.1, table 2: samples of a frame at 48 kHz by the configuration's place in its mode. */
const SILK_SAMPLES = [480, 960, 1920, 2880];
const HYBRID_SAMPLES = [480, 960];
const CELT_SAMPLES = [120, 240, 480, 960];
const DEFAULT_SAMPLES = 960;
/** RFC 6716 §3.2.5: a packet is not longer than 120 ms. */
const MAX_SAMPLES = 5760;

/** How long a packet plays, in samples at 48 kHz (RFC 6716 §3.1 and §3.2). */
export function opusSamples(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined) return DEFAULT_SAMPLES;
  const config = toc >> 3;
  const perFrame =
    config < 12 ? SILK_SAMPLES[config & 3]! : config < 16 ? HYBRID_SAMPLES[config & 1]! : CELT_SAMPLES[config & 3]!;
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : Math.max(1, (packet[1] ?? 1) & 0x3f);
  return Math.min(MAX_SAMPLES, perFrame * frames);
}
