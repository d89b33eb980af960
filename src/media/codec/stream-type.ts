import type { AudioCodec, VideoCodec } from '../types.ts';

/** What a stream_type stands for. */
export type StreamType =
  | { readonly kind: 'video'; readonly codec: VideoCodec }
  | { readonly kind: 'audio'; readonly codec: AudioCodec; readonly sampleRate: number };

/** GB/T 28181-2022 annex C.2.4.1 with ISO/IEC 13818-1 table 2-34 and what is in use beside them. */
const STREAM_TYPES: ReadonlyMap<number, StreamType> = new Map<number, StreamType>([
  [0x10, { kind: 'video', codec: 'mpeg4' }],
  [0x1b, { kind: 'video', codec: 'h264' }],
  [0x24, { kind: 'video', codec: 'h265' }],
  [0x80, { kind: 'video', codec: 'svac' }],
  [0x03, { kind: 'audio', codec: 'mpeg-audio', sampleRate: 44_100 }],
  [0x04, { kind: 'audio', codec: 'mpeg-audio', sampleRate: 44_100 }],
  [0x0f, { kind: 'audio', codec: 'aac', sampleRate: 16_000 }],
  [0x11, { kind: 'audio', codec: 'aac', sampleRate: 16_000 }],
  // Raw AAC without ADTS.
  [0x1c, { kind: 'audio', codec: 'aac', sampleRate: 16_000 }],
  [0x90, { kind: 'audio', codec: 'pcma', sampleRate: 8000 }],
  [0x91, { kind: 'audio', codec: 'pcmu', sampleRate: 8000 }],
  [0x92, { kind: 'audio', codec: 'g7221', sampleRate: 16_000 }],
  [0x93, { kind: 'audio', codec: 'g7231', sampleRate: 8000 }],
  [0x99, { kind: 'audio', codec: 'g729', sampleRate: 8000 }],
  [0x9b, { kind: 'audio', codec: 'svac', sampleRate: 8000 }],
]);

/** Looks up a stream_type of a program stream map or program map table. */
export function lookUpStreamType(streamType: number): StreamType | undefined {
  return STREAM_TYPES.get(streamType);
}
