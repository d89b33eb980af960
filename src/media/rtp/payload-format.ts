import { looksLikeH265ParameterSet } from '../codec/video-syntax.ts';
import { packHeaderBytes } from '../ps/pack-header.ts';
import { isStartCodePrefix, START_CODE } from '../ps/start-code.ts';
import { TS_PACKET_BYTES, TS_SYNC_BYTE } from '../ps/ts-demuxer.ts';
import type { AudioCodec, VideoCodec } from '../types.ts';

/** How the payload of a payload type is read. */
export type PayloadFormat =
  | { readonly kind: 'ps' }
  | { readonly kind: 'ts' }
  | { readonly kind: 'annexb' }
  | { readonly kind: 'video'; readonly codec: VideoCodec }
  | { readonly kind: 'audio'; readonly codec: AudioCodec; readonly clockRate: number };

const PS: PayloadFormat = { kind: 'ps' };
const TS: PayloadFormat = { kind: 'ts' };
const ANNEX_B: PayloadFormat = { kind: 'annexb' };

function video(codec: VideoCodec): PayloadFormat {
  return { kind: 'video', codec };
}

function audio(codec: AudioCodec, clockRate = 8000): PayloadFormat {
  return { kind: 'audio', codec, clockRate };
}

/** Encoding names of `a=rtpmap` (RFC 3551 §6, GB/T 28181-2022 annex C and what devices write), upper case. */
const BY_ENCODING: ReadonlyMap<string, PayloadFormat> = new Map([
  ['PS', PS],
  ['MP2P', PS],
  ['MP2T', TS],
  ['TS', TS],
  ['H264', video('h264')],
  ['H264S', video('h264')],
  ['H265', video('h265')],
  ['HEVC', video('h265')],
  ['MPEG4', video('mpeg4')],
  ['MP4V-ES', video('mpeg4')],
  ['SVAC', video('svac')],
  ['PCMA', audio('pcma')],
  ['PCMU', audio('pcmu')],
  ['G722', audio('g722')],
  ['G7221', audio('g7221', 16_000)],
  ['G722.1', audio('g7221', 16_000)],
  ['G723', audio('g7231')],
  ['G729', audio('g729')],
  ['SVACA', audio('svac')],
  ['AAC', audio('aac', 16_000)],
  ['MPEG4-GENERIC', audio('aac', 16_000)],
  ['MP4A-LATM', audio('aac', 16_000)],
  ['MPA', audio('mpeg-audio', 90_000)],
]);

/** Used without an rtpmap: RFC 3551 table 4 and GB/T 28181-2022 annex C; 99 is SVAC by the standard and H.265 in the field. */
const BY_PAYLOAD_TYPE: ReadonlyMap<number, PayloadFormat> = new Map([
  [0, audio('pcmu')],
  [4, audio('g7231')],
  [8, audio('pcma')],
  [9, audio('g722')],
  [18, audio('g729')],
  [20, audio('svac')],
  [33, TS],
  [96, PS],
  [97, video('mpeg4')],
  [98, video('h264')],
  [99, video('h265')],
  [100, video('h265')],
  [102, audio('aac', 16_000)],
]);

/** Format of an rtpmap's encoding, e.g. `PS/90000`; undefined = not known. */
export function formatOfEncoding(encoding: string): PayloadFormat | undefined {
  const [name = '', rate] = encoding.trim().toUpperCase().split('/');
  const format = BY_ENCODING.get(name);
  const clockRate = Number(rate);
  if (format?.kind !== 'audio' || !(clockRate >= 4000 && clockRate <= 192_000)) return format;
  // RFC 3551 §4.5.2: the RTP clock of G.722 is 8000 by an old mistake.
  return { ...format, clockRate };
}

/** Format of a payload type that the SDP does not explain. */
export function formatOfPayloadType(payloadType: number): PayloadFormat | undefined {
  return BY_PAYLOAD_TYPE.get(payloadType);
}

/** What the bytes themselves prove; undefined = nothing. */
export function sniffFormat(buffer: Buffer, start: number, end: number): PayloadFormat | undefined {
  if (end - start < 8) return undefined;
  if (buffer[start] === TS_SYNC_BYTE) return sniffTs(buffer, start, end) ? TS : undefined;
  if (buffer[start] !== 0 || buffer[start + 1] !== 0) return undefined;
  if (isStartCodePrefix(buffer, start)) {
    const id = buffer[start + 3]!;
    if (id === START_CODE.pack) return packHeaderBytes(buffer, start, end) > 0 ? PS : undefined;
    if (id > START_CODE.pack) return PS;
    return startsStream(buffer, start + 3) ? ANNEX_B : undefined;
  }
  return isStartCodePrefix(buffer, start + 1) && startsStream(buffer, start + 4) ? ANNEX_B : undefined;
}

/** A parameter set or access unit delimiter: with what an elementary stream can be entered. */
function startsStream(buffer: Buffer, at: number): boolean {
  const first = buffer[at]!;
  const h264Type = first & 0x1f;
  if ((first & 0x80) === 0 && (first & 0x60) !== 0 && h264Type === 7) return true;
  return first === 0x09 || looksLikeH265ParameterSet(buffer, at);
}

function sniffTs(buffer: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (length < TS_PACKET_BYTES) return false;
  return length === TS_PACKET_BYTES || buffer[start + TS_PACKET_BYTES] === TS_SYNC_BYTE;
}
