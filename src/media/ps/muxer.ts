import {
  STANDARD_PS_SYNTAX,
  writePts,
  writeScr,
  writeStartCode,
  type PsBytes,
  type PsStamp,
  type PsStreamEntry,
  type PsSyntax,
} from './muxer-syntax.ts';

/** stream_type values of GB/T 28181 Annex C (16.2). */
export const PS_STREAM_TYPE = { h264: 0x1b, h265: 0x24, pcma: 0x90, pcmu: 0x91, aac: 0x0f } as const;

const VIDEO_STREAM_ID = 0xe0;
const AUDIO_STREAM_ID = 0xc0;
/** Start code, length, two flag bytes, header length. */
const PES_FIXED_BYTES = 9;
const PTS_BYTES = 5;
/** PES_packet_length is 16 bits; cameras split larger pictures. */
const MAX_PES_PACKET_LENGTH = 0xff80;

export interface PsMuxerOptions {
  readonly videoStreamType: number;
  /** Absent: no audio is announced. */
  readonly audioStreamType?: number;
  /** Replaces the standard's way of writing an element. */
  readonly syntax?: PsSyntax;
}

/**
 * ISO/IEC 13818-1 2.5 program stream for GB/T 28181 (16.2): one pack a picture, system header and program stream map
 * before each key frame, PTS on a picture's first PES. Clocks are left zero and told as stamps, so that bytes muxed once
 * serve any number of sessions.
 */
export class PsMuxer {
  readonly #entries: PsStreamEntry[];
  readonly #syntax: PsSyntax;

  constructor({ videoStreamType, audioStreamType, syntax = STANDARD_PS_SYNTAX }: PsMuxerOptions) {
    this.#entries = [{ streamType: videoStreamType, streamId: VIDEO_STREAM_ID }];
    if (audioStreamType !== undefined) {
      this.#entries.push({ streamType: audioStreamType, streamId: AUDIO_STREAM_ID });
    }
    this.#syntax = syntax;
  }

  /** One picture in Annex B. */
  muxVideo(annexB: Buffer, keyFrame: boolean): PsBytes {
    const parts: PsBytes[] = [this.#syntax.pack(keyFrame ? 'system_header' : 'pes')];
    if (keyFrame) {
      parts.push(plain(this.#syntax.systemHeader(this.#entries)), plain(this.#syntax.programStreamMap(this.#entries)));
    }
    parts.push(plain(this.#syntax.extra(keyFrame)), ...this.#videoPes(annexB));
    return join(parts);
  }

  /** One audio frame in a pack of its own. */
  muxAudio(payload: Buffer): PsBytes {
    const length = PES_FIXED_BYTES - 6 + PTS_BYTES + payload.length;
    return join([this.#syntax.pack('pes'), pes({ streamId: AUDIO_STREAM_ID, length, payload, pts: true })]);
  }

  #videoPes(annexB: Buffer): PsBytes[] {
    const parts: PsBytes[] = [];
    for (let at = 0; at < annexB.length || parts.length === 0;) {
      const pts = parts.length === 0;
      const header = PES_FIXED_BYTES - 6 + (pts ? PTS_BYTES : 0);
      const payload = annexB.subarray(at, at + MAX_PES_PACKET_LENGTH - header);
      const length = this.#syntax.videoPesLength(header + payload.length);
      parts.push(pes({ streamId: VIDEO_STREAM_ID, length, payload, pts }));
      at += payload.length;
    }
    return parts;
  }
}

interface PesParts {
  readonly streamId: number;
  /** PES_packet_length as written. */
  readonly length: number;
  readonly payload: Buffer;
  readonly pts: boolean;
}

/** ISO/IEC 13818-1 2.4.3.6. */
function pes({ streamId, length, payload, pts }: PesParts): PsBytes {
  const headerBytes = pts ? PTS_BYTES : 0;
  const header = Buffer.alloc(PES_FIXED_BYTES + headerBytes);
  writeStartCode(header, streamId);
  header.writeUInt16BE(length, 4);
  // `10`, not scrambled; data_alignment_indicator where a picture begins.
  header[6] = pts ? 0x84 : 0x80;
  header[7] = pts ? 0x80 : 0x00;
  header[8] = headerBytes;
  if (pts) writePts(header, PES_FIXED_BYTES, 0);
  const stamps: PsStamp[] = pts ? [{ offset: PES_FIXED_BYTES, kind: 'pts' }] : [];
  return { bytes: Buffer.concat([header, payload]), stamps };
}

function plain(bytes: Buffer): PsBytes {
  return { bytes, stamps: [] };
}

function join(parts: readonly PsBytes[]): PsBytes {
  const stamps: PsStamp[] = [];
  let at = 0;
  for (const { bytes, stamps: inner } of parts) {
    for (const { offset, kind } of inner) stamps.push({ offset: at + offset, kind });
    at += bytes.length;
  }
  return { bytes: Buffer.concat(parts.map(({ bytes }) => bytes)), stamps };
}

/** Writes a clock into muxed bytes; `offset` is that of the stamp in `target`. */
export function writePsStamp(target: Buffer, offset: number, kind: PsStamp['kind'], clock90k: number): void {
  if (kind === 'scr') writeScr(target, offset, clock90k);
  else writePts(target, offset, clock90k);
}

export { STANDARD_PS_SYNTAX, type PsBytes, type PsStamp, type PsStreamEntry, type PsSyntax } from './muxer-syntax.ts';
