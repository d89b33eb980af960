/** nal_unit_type, H.265 table 7-1. */
export const H265_NAL = { firstIrap: 16, lastIrap: 23, vps: 32, sps: 33, pps: 34, aud: 35, prefixSei: 39 } as const;

export function h265NalType(firstByte: number): number {
  return (firstByte >> 1) & 0x3f;
}

/** Coded slice segment. */
export function isH265Vcl(type: number): boolean {
  return type < 32;
}

/** Intra random access point: BLA, IDR, CRA. */
export function isH265Irap(type: number): boolean {
  return type >= H265_NAL.firstIrap && type <= H265_NAL.lastIrap;
}

/** H.265 7.4.2.4.4; `thirdByte` starts with first_slice_segment_in_pic_flag. */
export function startsH265AccessUnit(firstByte: number, thirdByte: number): boolean {
  const type = h265NalType(firstByte);
  if (isH265Vcl(type)) return (thirdByte & 0x80) !== 0;
  return (type >= H265_NAL.vps && type <= H265_NAL.aud) || type === H265_NAL.prefixSei || (type >= 41 && type <= 44);
}
