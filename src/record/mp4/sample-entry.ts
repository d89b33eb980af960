import type { AudioFormat, VideoFormat } from '../frame/types.ts';
import { box, u16, u32, u8, zeros } from './box.ts';

/**
 * ISO/IEC 14496-15 5.4.2, 8.4.1: the second has parameter sets in its samples that differ from those of the sample
 * entry.
 */
export const NALU_ENTRIES = { H264: ['avc1', 'avc3'], H265: ['hvc1', 'hev1'] } as const;

const VIDEO_ENTRY = {
  H264: [NALU_ENTRIES.H264[0], 'avcC'],
  H265: [NALU_ENTRIES.H265[0], 'hvcC'],
  VP8: ['vp08', 'vpcC'],
  VP9: ['vp09', 'vpcC'],
  AV1: ['av01', 'av1C'],
} as const;
/** QuickTime's names; ISO has none for them, all readers know these. */
const SOUND_ENTRY = { PCMA: 'alaw', PCMU: 'ulaw', OPUS: 'Opus' } as const;
const RESOLUTION_72_DPI = 0x48_0000;
const DEPTH_24 = 0x18;
/** Fields of the sound entry: sample size of what is decoded. */
const SAMPLE_BITS = 16;

/** VisualSampleEntry, ISO/IEC 14496-12 12.1.3. */
export function videoSampleEntry({ encoding, width, height, configuration }: VideoFormat): Buffer {
  const [type, configurationType] = VIDEO_ENTRY[encoding];
  return box(
    type,
    zeros(6),
    u16(1),
    zeros(16),
    u16(width, height),
    u32(RESOLUTION_72_DPI, RESOLUTION_72_DPI, 0),
    u16(1),
    zeros(32),
    u16(DEPTH_24, 0xffff),
    box(configurationType, configuration),
  );
}

/** AudioSampleEntry, ISO/IEC 14496-12 12.2.3. */
export function soundSampleEntry({ encoding, sampleRate, channels }: AudioFormat): Buffer {
  const configuration = encoding === 'OPUS' ? [opusConfiguration(sampleRate, channels)] : [];
  const fields = [zeros(6), u16(1), zeros(8), u16(channels, SAMPLE_BITS, 0, 0), u32(sampleRate * 0x1_0000)];
  return box(SOUND_ENTRY[encoding], ...fields, ...configuration);
}

/** Encapsulation of Opus in ISO BMFF 4.3.2; a stream that was joined has nothing to skip. */
function opusConfiguration(sampleRate: number, channels: number): Buffer {
  return box('dOps', u8(0, channels), u16(0), u32(sampleRate), u16(0), u8(0));
}
