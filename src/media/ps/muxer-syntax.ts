/** Bytes of a pack and where its clocks are to be written. */
export interface PsBytes {
  readonly bytes: Buffer;
  readonly stamps: readonly PsStamp[];
}

/** Place of a 33-bit clock of 90 kHz inside muxed bytes: the pack header's SCR or a PES header's PTS. */
export interface PsStamp {
  readonly offset: number;
  readonly kind: 'scr' | 'pts';
}

/** One row of the program stream map, ISO/IEC 13818-1 2.5.4. */
export interface PsStreamEntry {
  readonly streamType: number;
  readonly streamId: number;
}

/**
 * How each element of a program stream is written. The muxer composes them; a test that wants a faulty stream
 * replaces one of these functions.
 */
export interface PsSyntax {
  /** Pack header, SCR zero (ISO/IEC 13818-1 2.5.3.3); `next` tells what it stands before. */
  pack(next: 'system_header' | 'pes'): PsBytes;
  systemHeader(entries: readonly PsStreamEntry[]): Buffer;
  programStreamMap(entries: readonly PsStreamEntry[]): Buffer;
  /** PES_packet_length of a video PES whose real length is given (ISO/IEC 13818-1 2.4.3.7). */
  videoPesLength(length: number): number;
  /** Put between the headers and the video PES. */
  extra(keyFrame: boolean): Buffer;
}

const PACK_START = 0xba;
const SYSTEM_HEADER_START = 0xbb;
const MAP_START = 0xbc;
/** 10 Mbit/s in units of 50 bytes/s; receivers of live streams ignore it. */
const MUX_RATE = 25_000;
const PACK_BYTES = 14;
const SCR_OFFSET = 4;
/** P-STD_buffer_bound: audio in units of 128 bytes, video of 1024 (ISO/IEC 13818-1 2.5.3.6). */
const AUDIO_BUFFER = 32;
const VIDEO_BUFFER = 0x2000 | 1024;

/** Start code `00 00 01 xx` at `offset`; returns the offset behind it. */
export function writeStartCode(target: Buffer, code: number, offset = 0): number {
  target.writeUInt32BE(0x100 + code, offset);
  return offset + 4;
}

function pack(): PsBytes {
  const bytes = Buffer.alloc(PACK_BYTES);
  writeStartCode(bytes, PACK_START);
  writeScr(bytes, SCR_OFFSET, 0);
  // program_mux_rate (22 bits) and two marker bits.
  bytes.writeUIntBE(((MUX_RATE << 2) | 0b11) >>> 0, 10, 3);
  // Five reserved bits, no stuffing.
  bytes[13] = 0xf8;
  return { bytes, stamps: [{ offset: SCR_OFFSET, kind: 'scr' }] };
}

function systemHeader(entries: readonly PsStreamEntry[]): Buffer {
  const bytes = Buffer.alloc(12 + 3 * entries.length);
  let at = writeStartCode(bytes, SYSTEM_HEADER_START);
  at = bytes.writeUInt16BE(bytes.length - 6, at);
  // Marker, rate_bound (22 bits), marker.
  at = bytes.writeUIntBE(0x80_0000 | (MUX_RATE << 1) | 1, at, 3);
  const audio = entries.filter((entry) => isAudio(entry)).length;
  // audio_bound (6 bits), fixed_flag 0, CSPS_flag 0.
  at = bytes.writeUInt8(audio << 2, at);
  // Both lock flags, marker, video_bound.
  at = bytes.writeUInt8(0xe0 | (entries.length - audio), at);
  at = bytes.writeUInt8(0x7f, at);
  for (const entry of entries) {
    at = bytes.writeUInt8(entry.streamId, at);
    at = bytes.writeUInt16BE(0xc000 | (isAudio(entry) ? AUDIO_BUFFER : VIDEO_BUFFER), at);
  }
  return bytes;
}

function isAudio({ streamId }: PsStreamEntry): boolean {
  return streamId >= 0xc0 && streamId <= 0xdf;
}

function programStreamMap(entries: readonly PsStreamEntry[]): Buffer {
  const mapBytes = 4 * entries.length;
  const bytes = Buffer.alloc(16 + mapBytes);
  let at = writeStartCode(bytes, MAP_START);
  at = bytes.writeUInt16BE(bytes.length - 6, at);
  // current_next_indicator, two reserved bits, version 0; then seven reserved bits and a marker.
  at = bytes.writeUInt8(0xe0, at);
  at = bytes.writeUInt8(0xff, at);
  at = bytes.writeUInt16BE(0, at);
  at = bytes.writeUInt16BE(mapBytes, at);
  for (const { streamType, streamId } of entries) {
    at = bytes.writeUInt8(streamType, at);
    at = bytes.writeUInt8(streamId, at);
    at = bytes.writeUInt16BE(0, at);
  }
  bytes.writeUInt32BE(crc32Mpeg(bytes.subarray(0, at)), at);
  return bytes;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = crc < 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc >>> 0;
});

/** CRC_32 of ISO/IEC 13818-1 Annex A: most significant bit first, all ones at the start, not inverted. */
export function crc32Mpeg(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC_TABLE[((crc >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0;
  return crc;
}

/** The syntax as the standard writes it. */
export const STANDARD_PS_SYNTAX: PsSyntax = {
  pack,
  systemHeader,
  programStreamMap,
  videoPesLength: (length) => length,
  extra: () => Buffer.alloc(0),
};

const CLOCK_MODULUS = 2 ** 33;

/** 33 bits in three parts with markers, as SCR and PTS share them; numbers, since 33 bits are one too many for `|`. */
function clockParts(clock90k: number): [high: number, middle: number, low: number] {
  const clock = ((clock90k % CLOCK_MODULUS) + CLOCK_MODULUS) % CLOCK_MODULUS;
  return [Math.floor(clock / 0x4000_0000) & 0x07, Math.floor(clock / 0x8000) & 0x7fff, clock % 0x8000];
}

/** PTS field with prefix `0010`, ISO/IEC 13818-1 2.4.3.6. */
export function writePts(target: Buffer, offset: number, clock90k: number): void {
  const [high, middle, low] = clockParts(clock90k);
  target[offset] = 0x20 | (high << 1) | 1;
  target.writeUInt16BE((middle << 1) | 1, offset + 1);
  target.writeUInt16BE((low << 1) | 1, offset + 3);
}

/** system_clock_reference with extension 0, ISO/IEC 13818-1 2.5.3.3. */
export function writeScr(target: Buffer, offset: number, clock90k: number): void {
  const [high, middle, low] = clockParts(clock90k);
  target[offset] = 0x40 | (high << 3) | 0x04 | (middle >>> 13);
  target[offset + 1] = (middle >>> 5) & 0xff;
  target[offset + 2] = ((middle & 0x1f) << 3) | 0x04 | (low >>> 13);
  target[offset + 3] = (low >>> 5) & 0xff;
  target[offset + 4] = ((low & 0x1f) << 3) | 0x04;
  target[offset + 5] = 0x01;
}
