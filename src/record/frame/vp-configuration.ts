export interface VpParameters {
  readonly profile?: number;
  readonly bitDepth?: number;
  /** 0 and 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaSubsampling?: number;
  readonly fullRange?: boolean;
}

/** Level 6.2: what a stream keeps to is not in it. */
const LEVEL = 62;
/** ITU-T H.273: unspecified. */
const UNSPECIFIED = 2;

/** VPCodecConfigurationRecord with its version (VP Codec ISO Media File Format Binding). */
export function vpConfiguration({
  profile = 0,
  bitDepth = 8,
  chromaSubsampling = 1,
  fullRange = false,
}: VpParameters): Buffer {
  const depth = (bitDepth << 4) | (chromaSubsampling << 1) | (fullRange ? 1 : 0);
  return Buffer.from([1, 0, 0, 0, profile, LEVEL, depth, UNSPECIFIED, UNSPECIFIED, UNSPECIFIED, 0, 0]);
}
