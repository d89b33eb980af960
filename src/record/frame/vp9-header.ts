import { HeaderBits } from './bits.ts';

/** What a file needs of uncompressed_header() (VP9 bitstream 6.2); size and colour are those of a key frame. */
export interface Vp9Header {
  readonly keyFrame: boolean;
  readonly profile: number;
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly chromaSubsampling: number;
  readonly fullRange: boolean;
}

const SYNC_CODE = 0x498342;
const COLOUR_RGB = 7;

/** Undefined where the bytes are no VP9 frame. */
export function parseVp9Header(frame: Uint8Array): Vp9Header | undefined {
  const bits = new HeaderBits(frame.subarray(0, 16));
  if (bits.bits(2) !== 2) return undefined;
  const profile = bits.bits(1) + 2 * bits.bits(1);
  if (profile === 3) bits.skip(1);
  const showsExisting = bits.flag();
  const keyFrame = !showsExisting && !bits.flag();
  const header = { profile, width: 0, height: 0, bitDepth: 8, chromaSubsampling: 1, fullRange: false };
  if (!keyFrame) return bits.exhausted ? undefined : { ...header, keyFrame };
  bits.skip(2);
  if (bits.bits(24) !== SYNC_CODE) return undefined;
  const colour = parseColour(bits, profile);
  const width = bits.bits(16) + 1;
  const height = bits.bits(16) + 1;
  return bits.exhausted ? undefined : { ...header, ...colour, keyFrame, width, height };
}

/** color_config(), VP9 bitstream 6.2.2. */
function parseColour(
  bits: HeaderBits,
  profile: number,
): { bitDepth: number; chromaSubsampling: number; fullRange: boolean } {
  const bitDepth = profile < 2 ? 8 : bits.flag() ? 12 : 10;
  const rgb = bits.bits(3) === COLOUR_RGB;
  const fullRange = rgb || bits.flag();
  if (profile !== 1 && profile !== 3) return { bitDepth, chromaSubsampling: 1, fullRange };
  const subsampledX = !rgb && bits.flag();
  const subsampledY = !rgb && bits.flag();
  bits.skip(1);
  return { bitDepth, chromaSubsampling: subsampledX ? (subsampledY ? 1 : 2) : 3, fullRange };
}
