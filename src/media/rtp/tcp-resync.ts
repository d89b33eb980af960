import { RTP_HEADER_BYTES } from './rtp-packet.ts';
import { INTERLEAVED_MAGIC, isVersion2 } from './tcp-framing.ts';

/** From a frame's length field over an RTP header and a pack header to the end of a system header's start code. */
export const RESYNC_KEEP_BYTES = 4 + RTP_HEADER_BYTES + 14 + 4;
const PACK_HEADER_BYTES = 14;
const PACK_START = Buffer.from([0, 0, 1, 0xba]);
const SYSTEM_HEADER_START = Buffer.from([0, 0, 1, 0xbb]);
const SSRC_OFFSET = 8;

export interface SearchSpan {
  readonly start: number;
  readonly end: number;
  /** Of a frame: 2 (RFC 4571) or 4 (interleaved). */
  readonly headerBytes: number;
}

/** Start of the first frame whose RTP header carries `ssrc` (at +10 behind the length's start); −1 = none. */
export function findPacketBySsrc(buffer: Buffer, span: SearchSpan, ssrc: number): number {
  const needle = Buffer.alloc(4);
  needle.writeUInt32BE(ssrc);
  let at = span.start + span.headerBytes + SSRC_OFFSET;
  for (;;) {
    at = buffer.indexOf(needle, at);
    if (at < 0 || at + 4 > span.end) return -1;
    const frame = frameStart(buffer, span, at - SSRC_OFFSET);
    if (frame >= 0) return frame;
    at++;
  }
}

/** Start of the first frame whose payload starts with a pack header or a system header of MPEG-PS; −1 = none. */
export function findPacketByStartCode(buffer: Buffer, span: SearchSpan): number {
  const pack = findByPattern(buffer, span, PACK_START, 0);
  if (pack >= 0) return pack;
  const system = findByPattern(buffer, span, SYSTEM_HEADER_START, 0);
  return system >= 0 ? system : findByPattern(buffer, span, SYSTEM_HEADER_START, PACK_HEADER_BYTES);
}

function findByPattern(buffer: Buffer, span: SearchSpan, pattern: Buffer, before: number): number {
  let at = span.start + span.headerBytes + RTP_HEADER_BYTES + before;
  for (;;) {
    at = buffer.indexOf(pattern, at);
    if (at < 0 || at + 4 > span.end) return -1;
    const frame = frameStart(buffer, span, at - before - RTP_HEADER_BYTES);
    if (frame >= 0) return frame;
    at++;
  }
}

/** Checks the RTP header at `packet` and the frame header before it. */
function frameStart(buffer: Buffer, span: SearchSpan, packet: number): number {
  const frame = packet - span.headerBytes;
  if (frame < span.start || !isVersion2(buffer[packet]!)) return -1;
  const payloadType = buffer[packet + 1]! & 0x7f;
  const length = (buffer[packet - 2]! << 8) | buffer[packet - 1]!;
  if (length < RTP_HEADER_BYTES || (payloadType >= 64 && payloadType <= 95)) return -1;
  if (span.headerBytes === 4 && buffer[frame] !== INTERLEAVED_MAGIC) return -1;
  return frame;
}
