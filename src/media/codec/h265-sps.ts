import { BitReader, unescapeRbsp } from './bit-reader.ts';
import { h265NalType, H265_NAL } from './h265-nalu.ts';

const MAX_SIDE = 16_384;
/** general_profile_space … general_level_idc: 2+1+5+32+48+8 bits. */
const GENERAL_PROFILE_BITS = 96;
/** Behind the NAL unit's header and a byte. */
const PROFILE_TIER_LEVEL_AT = 3;
const SUB_LAYER_PROFILE_BITS = 88;
const SUB_LAYER_LEVEL_BITS = 8;

/** What we need of a sequence parameter set. */
export interface H265Sps {
  readonly width: number;
  readonly height: number;
  readonly profileIdc: number;
  /** general_profile_space … general_level_idc, twelve bytes without emulation prevention. */
  readonly profileTierLevel: Uint8Array;
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  readonly temporalLayers: number;
  readonly temporalIdNested: boolean;
}

/** nuh_layer_id 0 and a temporal id: the second byte of every NAL unit of a plain camera stream is 1. */
function hasHeader(nalu: Uint8Array, type: number): boolean {
  return (
    nalu.length >= 8 &&
    (nalu[0]! & 0x81) === 0 &&
    h265NalType(nalu[0]!) === type &&
    (nalu[1]! & 0xf8) === 0 &&
    (nalu[1]! & 7) !== 0
  );
}

/** H.265 7.3.2.1: vps_reserved_0xffff_16bits tells a VPS from an H.264 slice that starts with 0x41. */
export function isH265Vps(nalu: Uint8Array): boolean {
  return hasHeader(nalu, H265_NAL.vps) && nalu[4] === 0xff && nalu[5] === 0xff;
}

/** Parses a whole NAL unit (H.265 7.3.2.2.1); undefined when it is not a plausible SPS. */
export function parseH265Sps(nalu: Uint8Array): H265Sps | undefined {
  if (!hasHeader(nalu, H265_NAL.sps)) return undefined;
  const rbsp = unescapeRbsp(nalu);
  const reader = new BitReader(rbsp, 2);
  reader.skip(4);
  const maxSubLayersMinus1 = reader.bits(3);
  const temporalIdNested = reader.bit() === 1;
  if (maxSubLayersMinus1 > 6) return undefined;
  reader.skip(3);
  const profileIdc = reader.bits(5);
  reader.skip(GENERAL_PROFILE_BITS - 8);
  skipSubLayers(reader, maxSubLayersMinus1);
  if (reader.ue() > 15) return undefined;
  const chromaFormat = reader.ue();
  if (chromaFormat > 3) return undefined;
  if (chromaFormat === 3) reader.skip(1);
  const size = readSize(reader, chromaFormat);
  const bitDepthLuma = 8 + reader.ue();
  const bitDepthChroma = 8 + reader.ue();
  if (size === undefined || reader.exhausted || bitDepthLuma > 16 || bitDepthChroma > 16) return undefined;
  return {
    ...size,
    profileIdc,
    profileTierLevel: rbsp.subarray(PROFILE_TIER_LEVEL_AT, PROFILE_TIER_LEVEL_AT + GENERAL_PROFILE_BITS / 8),
    chromaFormat,
    bitDepthLuma,
    bitDepthChroma,
    temporalLayers: maxSubLayersMinus1 + 1,
    temporalIdNested,
  };
}

/** Coded size without what the conformance window leaves out; undefined where it is none. */
function readSize(reader: BitReader, chromaFormat: number): { width: number; height: number } | undefined {
  const codedWidth = reader.ue();
  const codedHeight = reader.ue();
  let cropX = 0;
  let cropY = 0;
  if (reader.bit() === 1) {
    cropX = reader.ue() + reader.ue();
    cropY = reader.ue() + reader.ue();
  }
  const width = codedWidth - cropX * (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1);
  const height = codedHeight - cropY * (chromaFormat === 1 ? 2 : 1);
  const fits = width > 0 && height > 0 && codedWidth <= MAX_SIDE && codedHeight <= MAX_SIDE;
  return fits ? { width, height } : undefined;
}

/** H.265 7.3.3, profile_tier_level behind the general part. */
function skipSubLayers(reader: BitReader, maxSubLayersMinus1: number): void {
  const present: number[] = [];
  for (let layer = 0; layer < maxSubLayersMinus1; layer++) {
    present.push((reader.bit() === 1 ? SUB_LAYER_PROFILE_BITS : 0) + (reader.bit() === 1 ? SUB_LAYER_LEVEL_BITS : 0));
  }
  if (maxSubLayersMinus1 > 0) reader.skip(2 * (8 - maxSubLayersMinus1));
  for (const bits of present) reader.skip(bits);
}
