import type { RtpCodec } from '../types.ts';
import { H264_NAL, h264NalType } from '../codec/h264-nalu.ts';

/** RFC 6184 §5.2. */
const STAP_A = 24;
const FU_A = 28;
const FU_START = 0x80;

/** A NAL unit in `buffer[start, end)`. */
export type NaluVisitor = (buffer: Buffer, start: number, end: number) => void;

/** Visits the whole NAL units of an RFC 6184 payload: its only one, or those of a STAP-A; none of a fragment. Total. */
export function forEachH264Nalu(buffer: Buffer, start: number, end: number, visit: NaluVisitor): void {
  if (start >= end) return;
  const type = h264NalType(buffer[start]!);
  if (type >= 1 && type <= 23) return visit(buffer, start, end);
  if (type !== STAP_A) return;
  // RFC 6184 §5.7.1: sixteen bits of size before each NAL unit.
  for (let at = start + 1; at + 2 < end;) {
    const size = (buffer[at]! << 8) | buffer[at + 1]!;
    at += 2;
    if (size === 0 || at + size > end) return;
    visit(buffer, at, at + size);
    at += size;
  }
}

/** Does this payload belong to a picture from which a decoder can start? True for its first packet at least. Total. */
export function isKeyFrame(codec: RtpCodec, buffer: Buffer, start: number, end: number): boolean {
  if (start >= end) return false;
  switch (codec) {
    case 'h264':
      return isH264KeyFrame(buffer, start, end);
    case 'vp8':
      return isVp8KeyFrame(buffer, start, end);
    case 'vp9':
      return isVp9KeyFrame(buffer, start, end);
    case 'av1':
      return (buffer[start]! & AV1_NEW_SEQUENCE) !== 0;
    case 'opus':
    case 'pcma':
    case 'pcmu':
      return true;
  }
}

/** An IDR slice, or the SPS that comes before it (and before the first picture of a gradual refresh). */
function isH264KeyFrame(buffer: Buffer, start: number, end: number): boolean {
  if (h264NalType(buffer[start]!) === FU_A) {
    if (end - start < 2 || (buffer[start + 1]! & FU_START) === 0) return false;
    return startsPicture(h264NalType(buffer[start + 1]!));
  }
  let found = false;
  forEachH264Nalu(buffer, start, end, (bytes, at) => {
    found ||= startsPicture(h264NalType(bytes[at]!));
  });
  return found;
}

function startsPicture(nalType: number): boolean {
  return nalType === H264_NAL.idr || nalType === H264_NAL.sps;
}

/*
 * RFC 7741 §4.2 and §4.3
 *  |X|R|N|S|R| PID | X: |I|L|T|K| RSV | I: |M| PictureID | … then, where S = 1 and PID = 0, the payload header |Size0|H|VER|P|
 */
function isVp8KeyFrame(buffer: Buffer, start: number, end: number): boolean {
  const first = buffer[start]!;
  if ((first & 0x17) !== 0x10) return false;
  let at = start + 1;
  if ((first & 0x80) !== 0) {
    if (at >= end) return false;
    const extension = buffer[at]!;
    at += 1;
    if ((extension & 0x80) !== 0) at += at < end && (buffer[at]! & 0x80) !== 0 ? 2 : 1;
    if ((extension & 0x40) !== 0) at += 1;
    if ((extension & 0x30) !== 0) at += 1;
  }
  return at < end && (buffer[at]! & 0x01) === 0;
}

/* RFC 9628 §4.2: |I|P|L|F|B|E|V|Z| I: |M| PictureID | L: |  TID  |U|  SID  |D| */
function isVp9KeyFrame(buffer: Buffer, start: number, end: number): boolean {
  const first = buffer[start]!;
  const [predicted, begins] = [(first & 0x40) !== 0, (first & 0x08) !== 0];
  if (predicted || !begins) return false;
  if ((first & 0x20) === 0) return true;
  let at = start + 1;
  if ((first & 0x80) !== 0) at += at < end && (buffer[at]! & 0x80) !== 0 ? 2 : 1;
  // Upper spatial layers are predicted from the one below.
  return at < end && (buffer[at]! & 0x0e) === 0;
}

/** RTP payload format of AV1 §4.4: |Z|Y|W|W|N|-|-|-|, N = the first packet of a coded video sequence. */
const AV1_NEW_SEQUENCE = 0x08;
