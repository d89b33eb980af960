import { BitReader, unescapeRbsp } from './bit-reader.ts';

/** Profiles whose SPS carries chroma_format_idc (H.264 7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** Profiles of H.264 annex A, G, H; others are not an SPS that a camera sends. */
const KNOWN_PROFILES = new Set([66, 77, 88, ...HIGH_PROFILES]);
const NAL_TYPE_SPS = 7;
const MAX_SIDE = 16_384;

/** What we need of a sequence parameter set. */
export interface H264Sps {
  /** RFC 6184 §8.1, lower-case hexadecimal. */
  readonly profileLevelId: string;
  readonly width: number;
  readonly height: number;
  readonly frameMbsOnly: boolean;
}

/** Parses a whole NAL unit (H.264 7.3.2.1.1); undefined when it is not a plausible SPS. */
export function parseH264Sps(nalu: Uint8Array): H264Sps | undefined {
  if (nalu.length < 5 || (nalu[0]! & 0x9f) !== NAL_TYPE_SPS || !KNOWN_PROFILES.has(nalu[1]!)) return undefined;
  const rbsp = unescapeRbsp(nalu);
  const reader = new BitReader(rbsp, 4);
  if (reader.ue() > 31) return undefined;
  const chromaFormat = HIGH_PROFILES.has(rbsp[1]!) ? skipHighProfileFields(reader) : 1;
  if (chromaFormat > 3) return undefined;
  skipPictureOrder(reader);
  reader.ue();
  reader.bit();
  const widthInMbs = reader.ue() + 1;
  const heightInMapUnits = reader.ue() + 1;
  const frameMbsOnly = reader.bit() === 1;
  if (!frameMbsOnly) reader.bit();
  reader.bit();
  const crop = readCropping(reader);
  if (reader.exhausted) return undefined;
  const { width, height } = pictureSize({ widthInMbs, heightInMapUnits, frameMbsOnly, chromaFormat }, crop);
  if (Math.min(width, height) <= 0 || Math.max(width, height) > MAX_SIDE) return undefined;
  return { profileLevelId: hex(rbsp[1]!) + hex(rbsp[2]!) + hex(rbsp[3]!), width, height, frameMbsOnly };
}

interface CodedSize {
  readonly widthInMbs: number;
  readonly heightInMapUnits: number;
  readonly frameMbsOnly: boolean;
  readonly chromaFormat: number;
}

interface Cropping {
  readonly horizontal: number;
  readonly vertical: number;
}

/** H.264 7.4.2.1.1, equations 7-19 to 7-22. */
function pictureSize(coded: CodedSize, crop: Cropping): { width: number; height: number } {
  const fieldFactor = coded.frameMbsOnly ? 1 : 2;
  const cropUnitX = coded.chromaFormat === 1 || coded.chromaFormat === 2 ? 2 : 1;
  const cropUnitY = (coded.chromaFormat === 1 ? 2 : 1) * fieldFactor;
  return {
    width: coded.widthInMbs * 16 - cropUnitX * crop.horizontal,
    height: coded.heightInMapUnits * 16 * fieldFactor - cropUnitY * crop.vertical,
  };
}

function skipHighProfileFields(reader: BitReader): number {
  const chromaFormat = reader.ue();
  if (chromaFormat === 3) reader.bit();
  reader.ue();
  reader.ue();
  reader.bit();
  if (reader.bit() === 1) {
    const lists = chromaFormat === 3 ? 12 : 8;
    for (let list = 0; list < lists; list++) if (reader.bit() === 1) skipScalingList(reader, list < 6 ? 16 : 64);
  }
  return chromaFormat;
}

/** H.264 7.3.2.1.1.1. */
function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size && !reader.exhausted; index++) {
    if (next !== 0) next = (((last + reader.se()) % 256) + 256) % 256;
    if (next !== 0) last = next;
  }
}

function skipPictureOrder(reader: BitReader): void {
  reader.ue();
  const type = reader.ue();
  if (type === 0) reader.ue();
  if (type !== 1) return;
  reader.bit();
  reader.se();
  reader.se();
  const cycle = Math.min(reader.ue(), 255);
  for (let index = 0; index < cycle && !reader.exhausted; index++) reader.se();
}

function readCropping(reader: BitReader): Cropping {
  if (reader.bit() === 0) return { horizontal: 0, vertical: 0 };
  const horizontal = reader.ue() + reader.ue();
  return { horizontal, vertical: reader.ue() + reader.ue() };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
