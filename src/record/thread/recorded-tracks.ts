import type { TapTrack } from '../../stream/index.ts';
import type { AudioFormat, VideoFormat } from '../frame/types.ts';
import type { Container } from '../writer-types.ts';
import type { RecordedTrack } from './track-receiver.ts';

const VIDEO = ['H264', 'H265', 'VP8', 'VP9', 'AV1'] as const;
const AUDIO = ['OPUS', 'PCMA', 'PCMU'] as const;
/** RFC 7587 §4.1 and RFC 3551 §6. */
const OPUS_CLOCK_RATE = 48_000;
const G711_CLOCK_RATE = 8000;
const PCMU_PAYLOAD_TYPE = 0;
const PCMA_PAYLOAD_TYPE = 8;

/** Undefined where the codec is none that files get. */
export function recordedTrack(track: TapTrack): RecordedTrack | undefined {
  const { kind, payloadType, parameters } = track;
  const name = track.encoding.toUpperCase();
  const encoding = kind === 'video' ? VIDEO.find((known) => known === name) : AUDIO.find((known) => known === name);
  if (encoding === undefined) return undefined;
  const isOpus = encoding === 'OPUS';
  const clockRate = isOpus ? OPUS_CLOCK_RATE : kind === 'audio' ? G711_CLOCK_RATE : track.clockRate;
  const channels = isOpus ? Math.min(2, track.channels ?? 2) : 1;
  return { kind, encoding, clockRate, channels, payloadType, ...(parameters === undefined ? {} : { parameters }) };
}

/** Sound that nobody announced, by its static payload type (RFC 3551 §6): a camera's may begin at any time. */
export function unannouncedSound(payloadType: number): RecordedTrack | undefined {
  if (payloadType !== PCMA_PAYLOAD_TYPE && payloadType !== PCMU_PAYLOAD_TYPE) return undefined;
  const encoding = payloadType === PCMA_PAYLOAD_TYPE ? 'PCMA' : 'PCMU';
  return { kind: 'audio', encoding, clockRate: G711_CLOCK_RATE, channels: 1, payloadType };
}

export function audioFormatOf({ encoding, clockRate, channels }: RecordedTrack): AudioFormat | undefined {
  const known = AUDIO.find((name) => name === encoding);
  return known === undefined ? undefined : { encoding: known, sampleRate: clockRate, channels };
}

/** WebM has VP8, VP9, AV1 and Opus only; MP4 has all, though few players know VP8 in it. */
export function containerFor(
  video: VideoFormat | undefined,
  audio: AudioFormat | undefined,
  wish: Container | undefined,
): Container {
  const isNalu = video?.encoding === 'H264' || video?.encoding === 'H265';
  if (isNalu || (audio !== undefined && audio.encoding !== 'OPUS')) return 'mp4';
  return wish === 'mp4' && video !== undefined && video.encoding !== 'VP8' ? 'mp4' : 'webm';
}
