import { readFileSync } from 'node:fs';
import { linearToAlaw, linearToUlaw } from '../media/codec/g711.ts';
import { PS_STREAM_TYPE } from '../media/ps/muxer.ts';
import { ClipError } from './errors.ts';

/** One audio frame of a loop. */
export interface SourceFrame {
  /** From the loop's start, 90 kHz. */
  readonly at90k: number;
  readonly payload: Buffer;
}

/** Audio that is cut to the pictures of a clip. */
export interface AudioSource {
  readonly streamType: number;
  /** Frames that begin in `[from90k, to90k)` of the loop. */
  frames(from90k: number, to90k: number): SourceFrame[];
}

const SAMPLE_RATE = 8_000;
const TICKS_PER_SAMPLE = 90_000 / SAMPLE_RATE;
const BEEP_HZ = 880;
const BEEP_SECONDS = 0.12;
const AMPLITUDE = 6_000;

/** Linear sample of a soft beep at the start of each second. */
function beep(sample: number): number {
  const second = (sample % SAMPLE_RATE) / SAMPLE_RATE;
  if (second >= BEEP_SECONDS) return 0;
  // Half a sine as envelope: no click at either end.
  const envelope = Math.sin((Math.PI * second) / BEEP_SECONDS);
  return Math.round(AMPLITUDE * envelope * Math.sin(2 * Math.PI * BEEP_HZ * second));
}

/** G.711 (GB/T 28181 16.2 stream types 0x90 and 0x91): one frame for each call, as long as the time asked for. */
export function g711Source(law: 'pcma' | 'pcmu'): AudioSource {
  const encode = law === 'pcma' ? linearToAlaw : linearToUlaw;
  return {
    streamType: PS_STREAM_TYPE[law],
    frames(from90k, to90k) {
      const first = Math.round(from90k / TICKS_PER_SAMPLE);
      const last = Math.round(to90k / TICKS_PER_SAMPLE);
      const payload = Buffer.allocUnsafe(last - first);
      for (let sample = first; sample < last; sample += 1) payload[sample - first] = encode(beep(sample));
      return payload.length === 0 ? [] : [{ at90k: from90k, payload }];
    },
  };
}

const ADTS_FREQUENCIES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
];
const ADTS_HEADER_BYTES = 7;
const AAC_SAMPLES = 1024;

/** AAC with ADTS headers (ISO/IEC 14496-3 1.A.2.2) from a file, announced as `streamType`. @throws ClipError */
export function aacSource(path: string, streamType: number): AudioSource {
  const bytes = readFileSync(path);
  const frequency = ADTS_FREQUENCIES[((bytes[2] ?? 0) >> 2) & 0x0f];
  const payloads: Buffer[] = [];
  for (let at = 0; at + ADTS_HEADER_BYTES <= bytes.length;) {
    const length = (bytes.readUIntBE(at + 3, 3) >> 5) & 0x1fff;
    if (bytes[at] !== 0xff || length < ADTS_HEADER_BYTES) break;
    payloads.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (frequency === undefined || payloads.length === 0) throw new ClipError(`no ADTS frames in ${bytes.length} bytes`);
  const ticks = (AAC_SAMPLES * 90_000) / frequency;
  return {
    streamType,
    frames(from90k, to90k) {
      const frames: SourceFrame[] = [];
      for (let index = Math.ceil(from90k / ticks); index * ticks < to90k; index += 1) {
        const payload = payloads[index % payloads.length];
        if (payload !== undefined) frames.push({ at90k: Math.round(index * ticks), payload });
      }
      return frames;
    },
  };
}
