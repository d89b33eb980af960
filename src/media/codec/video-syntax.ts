import type { VideoCodec } from '../types.ts';
import { h264NalType, H264_NAL, isH264Vcl, startsH264AccessUnit } from './h264-nalu.ts';
import { isH265Irap, isH265Vcl, h265NalType, startsH265AccessUnit } from './h265-nalu.ts';

/** How access units of a codec are told apart; `at` is the offset of the first byte behind a start code. */
export interface VideoSyntax {
  /** Carries a part of the picture. */
  isPicture(bytes: Uint8Array, at: number): boolean;
  /** Starts an access unit when one with a part of a picture is in progress. */
  startsUnit(bytes: Uint8Array, at: number): boolean;
  isRandomAccess(bytes: Uint8Array, at: number): boolean;
  /** Can be no unit of this codec, e.g. forbidden_zero_bit is set. */
  isForeign(bytes: Uint8Array, at: number): boolean;
}

const h264: VideoSyntax = {
  isPicture: (bytes, at) => isH264Vcl(h264NalType(bytes[at]!)),
  startsUnit: (bytes, at) => startsH264AccessUnit(bytes[at]!, bytes[at + 1]!),
  isRandomAccess: (bytes, at) => h264NalType(bytes[at]!) === H264_NAL.idr,
  isForeign: (bytes, at) => (bytes[at]! & 0x80) !== 0,
};

const h265: VideoSyntax = {
  isPicture: (bytes, at) => isH265Vcl(h265NalType(bytes[at]!)),
  startsUnit: (bytes, at) => startsH265AccessUnit(bytes[at]!, bytes[at + 2]!),
  isRandomAccess: (bytes, at) => isH265Irap(h265NalType(bytes[at]!)),
  isForeign: (bytes, at) => (bytes[at]! & 0x80) !== 0,
};

/** ISO/IEC 14496-2 table 6-3. */
const VOP_START = 0xb6;
const VISUAL_OBJECT_SEQUENCE_START = 0xb0;
const GROUP_OF_VOP_START = 0xb3;

const mpeg4: VideoSyntax = {
  isPicture: (bytes, at) => bytes[at] === VOP_START,
  startsUnit: (bytes, at) =>
    bytes[at] === VOP_START || bytes[at] === GROUP_OF_VOP_START || bytes[at] === VISUAL_OBJECT_SEQUENCE_START,
  // vop_coding_type 00 = intra.
  isRandomAccess: (bytes, at) => bytes[at] === VOP_START && (bytes[at + 1]! & 0xc0) === 0,
  isForeign: () => false,
};

/** Only stamps and packs tell the units of a codec that we do not read. */
const opaque: VideoSyntax = {
  isPicture: () => true,
  startsUnit: () => false,
  isRandomAccess: () => false,
  isForeign: () => false,
};

const SYNTAXES: Record<VideoCodec, VideoSyntax> = { h264, h265, mpeg4, svac: opaque, unknown: opaque };

/** Syntax of a codec. */
export function videoSyntax(codec: VideoCodec): VideoSyntax {
  return SYNTAXES[codec];
}

/**
 * Is this the header of an H.265 VPS, SPS or PPS with nuh_layer_id 0 and temporal id 0? An H.264 P-slice may start with
 * 0x41, which read as H.265 would be a VPS; the second byte and bit 0 of the first tell them apart.
 */
export function looksLikeH265ParameterSet(bytes: Uint8Array, at: number): boolean {
  return (bytes[at] === 0x40 || bytes[at] === 0x42 || bytes[at] === 0x44) && bytes[at + 1] === 0x01;
}

/**
 * Which of H.264 and H.265 the first NAL unit of a picture belongs to, where it can be of one only: parameter sets, access
 * unit delimiter, supplemental information.
 */
export function tellH264FromH265(bytes: Uint8Array, at: number): 'h264' | 'h265' | undefined {
  const first = bytes[at]!;
  if (looksLikeH265ParameterSet(bytes, at)) return 'h265';
  if ((first === 0x46 || first === 0x4e) && bytes[at + 1] === 0x01) return 'h265';
  const type = h264NalType(first);
  if ((first & 0x80) !== 0) return undefined;
  if (type === H264_NAL.sps && (first & 0x60) !== 0) return 'h264';
  return first === H264_NAL.aud || first === H264_NAL.sei ? 'h264' : undefined;
}
