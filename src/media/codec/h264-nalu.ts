import { BitReader, unescapeRbsp } from './bit-reader.ts';

/** nal_unit_type, H.264 table 7-1. */
export const H264_NAL = { slice: 1, idr: 5, sei: 6, sps: 7, pps: 8, aud: 9, endOfSequence: 10, filler: 12 } as const;

export function h264NalType(firstByte: number): number {
  return firstByte & 0x1f;
}

/** Coded slice (or data partition A) of a primary picture. */
export function isH264Vcl(type: number): boolean {
  return type >= 1 && type <= 5;
}

/**
 * Does this NAL unit start an access unit when one with a slice is in progress (H.264 7.4.1.2.3)? For a slice the test is
 * first_mb_in_slice == 0, a single 1 bit.
 */
export function startsH264AccessUnit(firstByte: number, secondByte: number): boolean {
  const type = h264NalType(firstByte);
  if (isH264Vcl(type)) return (secondByte & 0x80) !== 0 && type !== 3 && type !== 4;
  return (type >= 6 && type <= 9) || (type >= 14 && type <= 18);
}

/** The start of slice_header, H.264 7.3.3. */
export interface H264SliceHeader {
  readonly firstMb: number;
  /** 0 P, 1 B, 2 I, 3 SP, 4 SI. */
  readonly sliceType: number;
  readonly ppsId: number;
}

/** Parses the start of a slice header; undefined when it is none. */
export function parseH264SliceHeader(nalu: Uint8Array): H264SliceHeader | undefined {
  if (nalu.length < 2 || (nalu[0]! & 0x80) !== 0 || !isH264Vcl(h264NalType(nalu[0]!))) return undefined;
  const reader = new BitReader(unescapeRbsp(nalu, 24), 1);
  const firstMb = reader.ue();
  const sliceType = reader.ue();
  const ppsId = reader.ue();
  if (reader.exhausted || sliceType > 9 || ppsId > 255 || firstMb > 0xf_ffff) return undefined;
  return { firstMb, sliceType: sliceType % 5, ppsId };
}
