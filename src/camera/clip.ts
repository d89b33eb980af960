import { readFileSync } from 'node:fs';
import { isH264Vcl, h264NalType } from '../media/codec/h264-nalu.ts';
import { h265NalType, isH265Irap, isH265Vcl } from '../media/codec/h265-nalu.ts';
import { ClipError } from './errors.ts';

/** One picture in Annex B with start codes; a key frame begins with its parameter sets. */
export interface ClipFrame {
  readonly annexB: Buffer;
  readonly keyFrame: boolean;
}

/** A looping elementary stream of whole pictures that begins with a key frame. */
export interface Clip {
  readonly codec: 'h264' | 'h265';
  readonly fps: number;
  readonly frames: readonly ClipFrame[];
}

/** Longest clip that the burnt-in counter can number. */
const MAX_FRAMES = 4096;

interface NalSpan {
  /** Where the start code begins. */
  readonly start: number;
  readonly header: number;
  end: number;
}

/** Reads an Annex B file; what lies before its first key frame is left out. @throws ClipError */
export function readClip(path: string, fps = 25): Clip {
  return parseClip(readFileSync(path), { codec: /\.(?:h265|hevc|265)$/i.test(path) ? 'h265' : 'h264', fps });
}

/** Splits an Annex B stream into pictures of one or more slices. @throws ClipError */
export function parseClip(bytes: Buffer, { codec, fps }: { codec: Clip['codec']; fps: number }): Clip {
  const frames: ClipFrame[] = [];
  let start = 0;
  let end = 0;
  let vcl = false;
  let key = false;
  const finish = (): void => {
    if (vcl && (frames.length > 0 || key)) frames.push({ annexB: bytes.subarray(start, end), keyFrame: key });
  };
  for (const nal of nalSpans(bytes)) {
    const kind = kindOf(codec, bytes, nal.header);
    // A picture begins with its first slice, or with whatever precedes that after a slice.
    if (vcl && (kind === 'other' || kind === 'first' || kind === 'first_key')) {
      finish();
      [start, vcl, key] = [nal.start, false, false];
    } else if (end === 0) start = nal.start;
    if (kind !== 'other') vcl = true;
    if (kind === 'first_key') key = true;
    end = nal.end;
  }
  finish();
  if (frames.length === 0) throw new ClipError(`no ${codec} key frame in a clip of ${bytes.length} bytes`);
  if (frames.length > MAX_FRAMES) throw new ClipError(`clip has ${frames.length} frames, the limit is ${MAX_FRAMES}`);
  return { codec, fps, frames };
}

function kindOf(codec: Clip['codec'], bytes: Buffer, at: number): 'first' | 'first_key' | 'slice' | 'other' {
  const header = bytes[at] ?? 0;
  if (codec === 'h264') {
    const type = h264NalType(header);
    if (!isH264Vcl(type)) return 'other';
    // first_mb_in_slice 0 is the single bit 1.
    if (((bytes[at + 1] ?? 0) & 0x80) === 0) return 'slice';
    return type === 5 ? 'first_key' : 'first';
  }
  const type = h265NalType(header);
  if (!isH265Vcl(type)) return 'other';
  if (((bytes[at + 2] ?? 0) & 0x80) === 0) return 'slice';
  return isH265Irap(type) ? 'first_key' : 'first';
}

function nalSpans(bytes: Buffer): NalSpan[] {
  const spans: NalSpan[] = [];
  for (let at = bytes.indexOf(START_CODE); at >= 0; at = bytes.indexOf(START_CODE, at + 3)) {
    const start = at > 0 && bytes[at - 1] === 0 ? at - 1 : at;
    const last = spans.at(-1);
    if (last !== undefined) last.end = start;
    spans.push({ start, header: at + 3, end: bytes.length });
  }
  return spans;
}

const START_CODE = Buffer.from([0, 0, 1]);

/** Bytes of a filler NAL unit besides its padding: start code, header (1 or 2), trailing bits. */
const FILLER_HEADERS = {
  h264: Buffer.from([0, 0, 0, 1, 0x0c]),
  h265: Buffer.from([0, 0, 0, 1, 38 << 1, 0x01]),
} as const;

/**
 * Brings a clip up to a bit rate with filler data NAL units (H.264 7.3.2.7), for load tests with a small clip. Each
 * picture keeps its share of the bytes; a clip above the rate is left alone.
 */
export function padClip(clip: Clip, bitrateBps: number): Clip {
  const total = clip.frames.reduce((sum, { annexB }) => sum + annexB.length, 0);
  const factor = ((bitrateBps / 8) * (clip.frames.length / clip.fps)) / total;
  if (factor <= 1) return clip;
  const header = FILLER_HEADERS[clip.codec];
  const frames = clip.frames.map(({ annexB, keyFrame }): ClipFrame => {
    const padding = Math.round(annexB.length * (factor - 1)) - header.length - 1;
    if (padding <= 0) return { annexB, keyFrame };
    return { annexB: Buffer.concat([annexB, header, Buffer.alloc(padding, 0xff), Buffer.of(0x80)]), keyFrame };
  });
  return { ...clip, frames };
}
