/** An RTP packet (RFC 3550 §5.1) as a source sends it. */
export function rtpPacket(
  payload: Buffer,
  fields: { sequence?: number; timestamp?: number; ssrc?: number; payloadType?: number; marker?: boolean } = {},
): Buffer {
  const { sequence = 1, timestamp = 0, ssrc = 0x1234, payloadType = 98, marker = false } = fields;
  const packet = Buffer.alloc(12 + payload.length);
  packet[0] = 0x80;
  packet[1] = (marker ? 0x80 : 0) | payloadType;
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(timestamp >>> 0, 4);
  packet.writeUInt32BE(ssrc, 8);
  payload.copy(packet, 12);
  return packet;
}

/** RFC 6184 §5.7.1. */
export function stapA(...nalus: Buffer[]): Buffer {
  const parts = nalus.map((nalu) => Buffer.concat([Buffer.from([nalu.length >> 8, nalu.length & 0xff]), nalu]));
  return Buffer.concat([Buffer.from([0x78]), ...parts]);
}

/** RFC 6184 §5.8: the first or a later fragment of a NAL unit. */
export function fuA(type: number, start: boolean, bytes = 50): Buffer {
  return Buffer.concat([Buffer.from([0x7c, (start ? 0x80 : 0) | type]), Buffer.alloc(bytes, 0xaa)]);
}

/** RFC 2326 §10.12. */
export function framed(channel: number, packet: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]), packet]);
}

/** Memory of its own, as it is handed to a media thread. */
export function ownBytes(...parts: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}
