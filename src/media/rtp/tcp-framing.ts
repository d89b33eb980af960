import { isRtcpAt, readUint32, RTP_HEADER_BYTES } from './rtp-packet.ts';

/** How RTP is cut on a TCP connection. */
export type TcpFraming = 'rfc4571' | 'interleaved' | 'ehome';

/** RFC 2326 §10.12. */
export const INTERLEAVED_MAGIC = 0x24;
/** Private header of EHOME senders, starting 01 00, in front of interleaved RTP. */
export const EHOME_HEADER_BYTES = 256;
const MAX_RTCP_BYTES = 2048;
/** ISO/IEC 13818-1 2.5.3.4. */
const PACK_START_CODE = 0x0000_01ba;

/** Finds out the framing from a connection's first bytes; undefined = more bytes are needed. */
export function detectTcpFraming(buffer: Buffer, start: number, end: number): TcpFraming | undefined {
  if (end - start < 5) return undefined;
  const rtpBehindLength = isVersion2(buffer[start + 2]!);
  if (buffer[start] === INTERLEAVED_MAGIC && !rtpBehindLength && isVersion2(buffer[start + 4]!)) return 'interleaved';
  if (buffer[start] === 0x01 && buffer[start + 1] === 0x00 && buffer[start + 2]! >= 1 && !rtpBehindLength) {
    if (end - start <= EHOME_HEADER_BYTES) return undefined;
    if (buffer[start + EHOME_HEADER_BYTES] === INTERLEAVED_MAGIC) return 'ehome';
  }
  return 'rfc4571';
}

/** What is known of the sender when a header is judged. */
export interface FramingKnowledge {
  /** Of the SDP or of the packets so far; −1 = not known. */
  readonly ssrc: number;
  /** Of the last packet; −1 = none yet. */
  readonly payloadType: number;
  /** Where the bytes received so far end. */
  readonly bytesEnd: number;
}

/**
 * Is `buffer[offset, offset + length)` an RTP or RTCP packet, as far as its first bytes tell? A known SSRC is proof enough; another SSRC
 * (a second source on the connection) must look like the packets before it or be followed by another packet.
 */
export function isPlausiblePacket(
  buffer: Buffer,
  offset: number,
  length: number,
  knowledge: FramingKnowledge,
): boolean {
  if (!isVersion2(buffer[offset]!)) return false;
  if (isRtcpAt(buffer, offset, offset + length)) return length % 4 === 0 && length <= MAX_RTCP_BYTES;
  const payloadType = buffer[offset + 1]! & 0x7f;
  if (length < RTP_HEADER_BYTES || (payloadType >= 64 && payloadType <= 95)) return false;
  if (knowledge.ssrc >= 0 && readUint32(buffer, offset + 8) === knowledge.ssrc) return true;
  if (knowledge.ssrc < 0 && startsWithPack(buffer, offset + RTP_HEADER_BYTES, knowledge.bytesEnd)) return true;
  if ((buffer[offset]! & 0x3f) !== 0) return false;
  if (payloadType === knowledge.payloadType) return true;
  const next = offset + length;
  return next + 3 > knowledge.bytesEnd || startsFrame(buffer, next);
}

/** Length and RTP header, `$`, or an EHOME header. */
function startsFrame(buffer: Buffer, at: number): boolean {
  const first = buffer[at]!;
  return isVersion2(buffer[at + 2]!) || first === INTERLEAVED_MAGIC || (first === 1 && buffer[at + 1] === 0);
}

function startsWithPack(buffer: Buffer, at: number, end: number): boolean {
  return at + 4 <= end && buffer.readUInt32BE(at) === PACK_START_CODE;
}

export function isVersion2(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
