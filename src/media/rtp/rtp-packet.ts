import type { RtpView } from '../pipeline-types.ts';

/*
 * RFC 3550 §5.1
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * |                           timestamp                           |
 * |           synchronization source (SSRC) identifier            |
 * |            contributing source (CSRC) identifiers …           |
 */
export const RTP_HEADER_BYTES = 12;
const VERSION_MASK = 0xc0;
const VERSION_2 = 0x80;
const PADDING_BIT = 0x20;
const EXTENSION_BIT = 0x10;
const CSRC_COUNT_MASK = 0x0f;
const MARKER_BIT = 0x80;
const PAYLOAD_TYPE_MASK = 0x7f;

/** RFC 5761 §4: payload types 64–95 collide with RTCP packet types 192–223. */
const FIRST_CONFLICTING_PAYLOAD_TYPE = 64;
const LAST_CONFLICTING_PAYLOAD_TYPE = 95;

/** Why a datagram is not an RTP packet that we take. */
export type RtpError =
  | 'rtp_too_short'
  | 'rtp_bad_version'
  | 'rtp_bad_payload_type'
  | 'rtp_bad_csrc'
  | 'rtp_bad_extension'
  | 'rtp_bad_padding';

const EMPTY = Buffer.alloc(0);

/** A view to re-use with `parseRtp`. */
export function createRtpView(): RtpView {
  return {
    packet: EMPTY,
    payloadType: 0,
    marker: false,
    sequenceNumber: 0,
    timestamp: 0,
    ssrc: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
}

/** Parses a datagram in place (RFC 3550 §5.1); on an error the view is not to be read. */
export function parseRtp(packet: Buffer, view: RtpView): RtpError | undefined {
  return parseRtpAt(packet, 0, packet.length, view);
}

/** As `parseRtp`, for a packet in `buffer[start, end)`; the view's offsets are offsets into `buffer`. */
export function parseRtpAt(buffer: Buffer, start: number, end: number, view: RtpView): RtpError | undefined {
  if (end - start < RTP_HEADER_BYTES) return 'rtp_too_short';
  const first = buffer[start]!;
  if ((first & VERSION_MASK) !== VERSION_2) return 'rtp_bad_version';
  const second = buffer[start + 1]!;
  const payloadType = second & PAYLOAD_TYPE_MASK;
  if (payloadType >= FIRST_CONFLICTING_PAYLOAD_TYPE && payloadType <= LAST_CONFLICTING_PAYLOAD_TYPE) {
    return 'rtp_bad_payload_type';
  }
  view.packet = buffer;
  view.payloadType = payloadType;
  view.marker = (second & MARKER_BIT) !== 0;
  view.sequenceNumber = (buffer[start + 2]! << 8) | buffer[start + 3]!;
  view.timestamp = readUint32(buffer, start + 4);
  view.ssrc = readUint32(buffer, start + 8);
  view.payloadStart = start + RTP_HEADER_BYTES;
  view.payloadEnd = end;
  return (first & ~VERSION_MASK) === 0 ? undefined : parseOptionalParts(buffer, first, view);
}

function parseOptionalParts(buffer: Buffer, first: number, view: RtpView): RtpError | undefined {
  view.payloadStart += (first & CSRC_COUNT_MASK) * 4;
  if (view.payloadStart > view.payloadEnd) return 'rtp_bad_csrc';
  if ((first & EXTENSION_BIT) !== 0) {
    // RFC 3550 §5.3.1: 16 bits of profile, 16 bits of length in 32-bit words.
    if (view.payloadStart + 4 > view.payloadEnd) return 'rtp_bad_extension';
    const words = (buffer[view.payloadStart + 2]! << 8) | buffer[view.payloadStart + 3]!;
    view.payloadStart += 4 + words * 4;
    if (view.payloadStart > view.payloadEnd) return 'rtp_bad_extension';
  }
  if ((first & PADDING_BIT) !== 0) {
    const padding = view.payloadEnd > view.payloadStart ? buffer[view.payloadEnd - 1]! : 0;
    if (padding === 0 || view.payloadEnd - padding < view.payloadStart) return 'rtp_bad_padding';
    view.payloadEnd -= padding;
  }
  return undefined;
}

/** RFC 5761 §4: the second byte of RTCP on a port shared with RTP is 192–223; we know 200–207. */
export function isRtcp(packet: Buffer): boolean {
  return isRtcpAt(packet, 0, packet.length);
}

/** As `isRtcp`, for a packet in `buffer[start, end)`. */
export function isRtcpAt(buffer: Buffer, start: number, end: number): boolean {
  return (
    end - start >= 4 &&
    (buffer[start]! & VERSION_MASK) === VERSION_2 &&
    buffer[start + 1]! >= 200 &&
    buffer[start + 1]! <= 207
  );
}

/** Big-endian 32 bits without the range check of `readUInt32BE`. */
export function readUint32(buffer: Buffer, offset: number): number {
  return (
    ((buffer[offset]! << 24) | (buffer[offset + 1]! << 16) | (buffer[offset + 2]! << 8) | buffer[offset + 3]!) >>> 0
  );
}
