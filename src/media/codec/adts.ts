/** ISO/IEC 14496-3 table 1.18. */
const SAMPLE_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
] as const;
const HEADER_BYTES = 7;

/** ISO/IEC 14496-3 1.A.2.2, what we need of an ADTS header. */
export interface AdtsHeader {
  readonly sampleRate: number;
  readonly channels: number;
  readonly frameBytes: number;
}

/** Parses an ADTS header at `offset`. */
export function parseAdtsHeader(bytes: Uint8Array, offset: number): AdtsHeader | undefined {
  if (offset + HEADER_BYTES > bytes.length) return undefined;
  // Syncword of 12 ones, layer 00.
  if (bytes[offset] !== 0xff || (bytes[offset + 1]! & 0xf6) !== 0xf0) return undefined;
  const sampleRate = SAMPLE_RATES[(bytes[offset + 2]! >> 2) & 0x0f];
  if (sampleRate === undefined) return undefined;
  const channels = ((bytes[offset + 2]! & 1) << 2) | (bytes[offset + 3]! >> 6);
  const frameBytes = ((bytes[offset + 3]! & 3) << 11) | (bytes[offset + 4]! << 3) | (bytes[offset + 5]! >> 5);
  return frameBytes < HEADER_BYTES ? undefined : { sampleRate, channels: channels === 0 ? 1 : channels, frameBytes };
}

/** Is the payload ADTS, whatever it is labelled as? Each frame must end where the next starts or the payload ends. */
export function sniffAdts(payload: Uint8Array): AdtsHeader | undefined {
  const first = parseAdtsHeader(payload, 0);
  if (first === undefined) return undefined;
  if (first.frameBytes === payload.length) return first;
  return parseAdtsHeader(payload, first.frameBytes) === undefined ? undefined : first;
}
