/** Small builders of MPEG-PS, elementary streams and RTP, to write down what a device sends byte by byte. */

/** Baseline 1920×1080 with cropping, its PPS; High 1280×720; made with libx264. */
export const SPS_1080 = Buffer.from('6742c028d900780227e5c044000003000400000300c83c60c920', 'hex');
export const PPS = Buffer.from('68cb83cb20', 'hex');
export const SPS_720 = Buffer.from('6764001facd9405005bb011000000300100000030320f1831960', 'hex');
/** Main 1920×1080 H.265, made with libx265. */
export const H265_VPS = Buffer.from('40010c01ffff01600000030090000003000003007895980900'.slice(0, 48), 'hex');
export const H265_SPS = Buffer.from(
  '420101016000000300900000030000030078a003c08010e596566924caf0168080000003008000000c840',
  'hex',
);
export const H265_PPS = Buffer.from('4401c172b46240', 'hex');

const ANNEX_B_PREFIX = Buffer.from([0, 0, 0, 1]);

/** Bytes without start codes. */
export function filler(bytes: number, seed = 7): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (let index = 0; index < bytes; index++) buffer[index] = 1 + ((index * 31 + seed * 17) % 250);
  return buffer;
}

/** first_mb_in_slice 0, slice_type I (7), pps 0 in front of filler. */
export function idr(bytes = 600, seed = 1): Buffer {
  return Buffer.concat([Buffer.from([0x65, 0x88, 0x84]), filler(bytes - 3, seed)]);
}

/** P-slice; `firstMbZero` false makes it a later slice of its picture. */
export function slice(bytes = 200, seed = 2, firstMbZero = true): Buffer {
  return Buffer.concat([Buffer.from([0x41, firstMbZero ? 0x9a : 0x5a, 0x21]), filler(bytes - 3, seed)]);
}

export function annexB(...nalus: Buffer[]): Buffer {
  return Buffer.concat(nalus.flatMap((nalu) => [ANNEX_B_PREFIX, nalu]));
}

export function keyFrame(seed = 1, bytes = 600): Buffer {
  return annexB(SPS_1080, PPS, idr(bytes, seed));
}

export function packHeader({ scr = 0, stuffing = 0 }: { scr?: number; stuffing?: number } = {}): Buffer {
  const high = Math.floor(scr / 2 ** 30) & 7;
  const middle = Math.floor(scr / 2 ** 15) & 0x7fff;
  const low = scr % 2 ** 15;
  return Buffer.concat([
    Buffer.from([
      0,
      0,
      1,
      0xba,
      0x44 | (high << 3) | (middle >> 13),
      (middle >> 5) & 0xff,
      ((middle & 0x1f) << 3) | 4 | (low >> 13),
      (low >> 5) & 0xff,
      ((low & 0x1f) << 3) | 4,
      1,
      0x01,
      0x89,
      0xc3,
      0xf8 | stuffing,
    ]),
    Buffer.alloc(stuffing, 0xff),
  ]);
}

/** Hikvision, H.265: cut off behind the start code. */
export const TRUNCATED_PACK_HEADER = Buffer.from([0, 0, 1, 0xba]);

export function systemHeader(): Buffer {
  return Buffer.from([0, 0, 1, 0xbb, 0, 12, 0x80, 0xc4, 0xe1, 0x04, 0xe1, 0x7f, 0xe0, 0xe0, 0x80, 0xc0, 0xc0, 0x08]);
}

export interface PsmFaults {
  /** elementary_stream_map_length instead of the real one. */
  mapLength?: number;
  crc?: number;
}

export function programStreamMap(entries: [streamType: number, streamId: number][], faults: PsmFaults = {}): Buffer {
  const map = Buffer.concat(entries.map(([type, id]) => Buffer.from([type, id, 0, 2, 0x40, 0x00])));
  const body = Buffer.concat([
    Buffer.from([0xe1, 0xff, 0, 0, 0, faults.mapLength ?? map.length]),
    map,
    Buffer.alloc(4, faults.crc ?? 0),
  ]);
  return Buffer.concat([Buffer.from([0, 0, 1, 0xbc, body.length >> 8, body.length & 0xff]), body]);
}

function stampBytes(prefix: number, stamp: number): Buffer {
  const high = Math.floor(stamp / 2 ** 30) & 7;
  const middle = Math.floor(stamp / 2 ** 15) & 0x7fff;
  const low = stamp % 2 ** 15;
  return Buffer.from([
    (prefix << 4) | (high << 1) | 1,
    middle >> 7,
    ((middle & 0x7f) << 1) | 1,
    low >> 7,
    ((low & 0x7f) << 1) | 1,
  ]);
}

export interface PesFields {
  pts?: number | undefined;
  dts?: number | undefined;
  /** PES_packet_length instead of the real one; 0 = unbounded. */
  length?: number;
}

export function pes(id: number, payload: Buffer, { pts, dts, length }: PesFields = {}): Buffer {
  const stamps =
    pts === undefined
      ? Buffer.alloc(0)
      : dts === undefined
        ? stampBytes(2, pts)
        : Buffer.concat([stampBytes(3, pts), stampBytes(1, dts)]);
  const flags = pts === undefined ? 0 : dts === undefined ? 0x80 : 0xc0;
  const total = length ?? 3 + stamps.length + payload.length;
  if (total > 0xffff) throw new RangeError('PES too long');
  return Buffer.concat([
    Buffer.from([0, 0, 1, id, total >> 8, total & 0xff, 0x8c, flags, stamps.length]),
    stamps,
    payload,
  ]);
}

/** Payload cut into PES of at most `piece` bytes, PTS on the first only. */
export function splitPes(id: number, payload: Buffer, pts: number, piece: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < payload.length; at += piece) {
    parts.push(pes(id, payload.subarray(at, at + piece), { pts: at === 0 ? pts : undefined }));
  }
  return Buffer.concat(parts);
}

/** private_stream_1 or another stream id without the optional header. */
export function privateStream(id: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 1, id, payload.length >> 8, payload.length & 0xff]), payload]);
}

/** Key frame pack with everything that the standard wants. */
export function keyPack(
  pts: number,
  video: Buffer,
  psm = programStreamMap([
    [0x1b, 0xe0],
    [0x90, 0xc0],
  ]),
): Buffer {
  return Buffer.concat([packHeader({ scr: pts }), systemHeader(), psm, pes(0xe0, video, { pts })]);
}

export function framePack(pts: number, video: Buffer): Buffer {
  return Buffer.concat([packHeader({ scr: pts }), pes(0xe0, video, { pts })]);
}

export interface RtpFields {
  payloadType?: number;
  marker?: boolean;
  sequenceNumber?: number;
  timestamp?: number;
  ssrc?: number;
}

export function rtp(payload: Buffer, fields: RtpFields = {}): Buffer {
  const { payloadType = 96, marker = false, sequenceNumber = 0, timestamp = 0, ssrc = 0x0beb_c5e9 } = fields;
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = (marker ? 0x80 : 0) | payloadType;
  header.writeUInt16BE(sequenceNumber & 0xffff, 2);
  header.writeUInt32BE(timestamp >>> 0, 4);
  header.writeUInt32BE(ssrc >>> 0, 8);
  return Buffer.concat([header, payload]);
}

/** RFC 4571. */
export function tcpFrame(packet: Buffer): Buffer {
  return Buffer.concat([Buffer.from([packet.length >> 8, packet.length & 0xff]), packet]);
}

/** One frame's bytes in RTP packets of one timestamp, marker on the last. */
export function rtpFrame(bytes: Buffer, fields: RtpFields & { mtu?: number } = {}): Buffer[] {
  const { mtu = 1388, sequenceNumber = 0, marker = true } = fields;
  const packets: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += mtu) {
    const isLast = at + mtu >= bytes.length;
    packets.push(
      rtp(bytes.subarray(at, at + mtu), {
        ...fields,
        sequenceNumber: sequenceNumber + packets.length,
        marker: isLast && marker,
      }),
    );
  }
  return packets;
}
