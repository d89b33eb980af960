import { HeaderBits } from './bits.ts';

/** What `av1C` and a track header need of sequence_header_obu() (AV1 bitstream 5.5.1). */
export interface Av1SequenceHeader {
  readonly profile: number;
  readonly level: number;
  readonly tier: number;
  readonly width: number;
  readonly height: number;
  readonly highBitDepth: boolean;
  readonly twelveBit: boolean;
  readonly monochrome: boolean;
  readonly subsamplingX: boolean;
  readonly subsamplingY: boolean;
  readonly samplePosition: number;
}

const SELECT_SCREEN_CONTENT_TOOLS = 2;
/** AV1 bitstream 6.4.2. */
const BT_709 = 1;
const SRGB = 13;
const IDENTITY = 0;
const UNSPECIFIED = 2;

/** Undefined where the bytes end before the header does. */
export function parseAv1SequenceHeader(bytes: Uint8Array): Av1SequenceHeader | undefined {
  const bits = new HeaderBits(bytes.subarray(0, 1024));
  const profile = bits.bits(3);
  bits.skip(1);
  const reduced = bits.flag();
  const { level, tier } = reduced ? { level: bits.bits(5), tier: 0 } : parseOperatingPoints(bits);
  const widthBits = bits.bits(4) + 1;
  const heightBits = bits.bits(4) + 1;
  const width = bits.bits(widthBits) + 1;
  const height = bits.bits(heightBits) + 1;
  skipTools(bits, reduced);
  const colour = parseColour(bits, profile);
  return bits.exhausted || profile > 2 ? undefined : { profile, level, tier, width, height, ...colour };
}

/** From timing_info_present_flag to the end of the operating points; level and tier are those of the first. */
function parseOperatingPoints(bits: HeaderBits): { level: number; tier: number } {
  let delayBits = 0;
  let hasModel = false;
  if (bits.flag()) {
    bits.skip(64);
    if (bits.flag()) skipUvlc(bits);
    hasModel = bits.flag();
    if (hasModel) {
      delayBits = bits.bits(5) + 1;
      bits.skip(32 + 5 + 5);
    }
  }
  const hasDelay = bits.flag();
  const points = bits.bits(5) + 1;
  let first: { level: number; tier: number } | undefined;
  for (let point = 0; point < points && !bits.exhausted; point++) {
    bits.skip(12);
    const level = bits.bits(5);
    const tier = level > 7 ? bits.bits(1) : 0;
    if (hasModel && bits.flag()) bits.skip(2 * delayBits + 1);
    if (hasDelay && bits.flag()) bits.skip(4);
    first ??= { level, tier };
  }
  return first ?? { level: 0, tier: 0 };
}

function skipUvlc(bits: HeaderBits): void {
  let zeros = 0;
  while (!bits.exhausted && !bits.flag()) zeros += 1;
  if (zeros < 32) bits.skip(zeros);
}

/** From frame_id_numbers_present_flag to film grain, without the colour. */
function skipTools(bits: HeaderBits, reduced: boolean): void {
  if (!reduced && bits.flag()) bits.skip(7);
  bits.skip(3);
  if (!reduced) {
    bits.skip(4);
    const hasOrderHint = bits.flag();
    if (hasOrderHint) bits.skip(2);
    const screenContent = bits.flag() ? SELECT_SCREEN_CONTENT_TOOLS : bits.bits(1);
    if (screenContent > 0 && !bits.flag()) bits.skip(1);
    if (hasOrderHint) bits.skip(3);
  }
  bits.skip(3);
}

type Colour = Pick<
  Av1SequenceHeader,
  'highBitDepth' | 'twelveBit' | 'monochrome' | 'subsamplingX' | 'subsamplingY' | 'samplePosition'
>;

/** color_config(), AV1 bitstream 5.5.2. */
function parseColour(bits: HeaderBits, profile: number): Colour {
  const highBitDepth = bits.flag();
  const twelveBit = profile === 2 && highBitDepth && bits.flag();
  const depth = { highBitDepth, twelveBit };
  const monochrome = profile !== 1 && bits.flag();
  const described = bits.flag();
  const primaries = described ? bits.bits(8) : UNSPECIFIED;
  const transfer = described ? bits.bits(8) : UNSPECIFIED;
  const matrix = described ? bits.bits(8) : UNSPECIFIED;
  if (monochrome) {
    bits.skip(1);
    return { ...depth, monochrome, subsamplingX: true, subsamplingY: true, samplePosition: 0 };
  }
  if (primaries === BT_709 && transfer === SRGB && matrix === IDENTITY) {
    return { ...depth, monochrome, subsamplingX: false, subsamplingY: false, samplePosition: 0 };
  }
  bits.skip(1);
  const { subsamplingX, subsamplingY } = parseSubsampling(bits, profile, twelveBit);
  const samplePosition = subsamplingX && subsamplingY ? bits.bits(2) : 0;
  return { ...depth, monochrome, subsamplingX, subsamplingY, samplePosition };
}

function parseSubsampling(
  bits: HeaderBits,
  profile: number,
  twelveBit: boolean,
): { subsamplingX: boolean; subsamplingY: boolean } {
  if (profile === 0) return { subsamplingX: true, subsamplingY: true };
  if (profile === 1) return { subsamplingX: false, subsamplingY: false };
  if (!twelveBit) return { subsamplingX: true, subsamplingY: false };
  const subsamplingX = bits.flag();
  return { subsamplingX, subsamplingY: subsamplingX && bits.flag() };
}
