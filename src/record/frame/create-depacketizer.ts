import { Av1Depacketizer } from './av1.ts';
import { H264Depacketizer } from './h264.ts';
import { H265Depacketizer } from './h265.ts';
import { SoundDepacketizer } from './sound.ts';
import type { AudioEncoding, FrameDepacketizer, FrameSink, VideoEncoding } from './types.ts';
import { Vp8Depacketizer } from './vp8.ts';
import { Vp9Depacketizer } from './vp9.ts';

/** @param parameters value of `a=fmtp` */
export function createFrameDepacketizer(
  encoding: VideoEncoding | AudioEncoding,
  parameters: string | undefined,
  sink: FrameSink,
): FrameDepacketizer {
  switch (encoding) {
    case 'H264':
      return new H264Depacketizer(sink, /sprop-parameter-sets=([^;\s]+)/i.exec(parameters ?? '')?.[1]);
    case 'H265':
      return new H265Depacketizer(sink);
    case 'VP8':
      return new Vp8Depacketizer(sink);
    case 'VP9':
      return new Vp9Depacketizer(sink);
    case 'AV1':
      return new Av1Depacketizer(sink);
    case 'OPUS':
    case 'PCMA':
    case 'PCMU':
      return new SoundDepacketizer(sink);
  }
}
