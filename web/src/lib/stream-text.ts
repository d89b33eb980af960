import type { LiveStream } from '../api/types.ts';

const CODECS: Readonly<Record<string, string>> = {
  h264: 'H.264',
  h265: 'H.265',
  vp8: 'VP8',
  vp9: 'VP9',
  av1: 'AV1',
  mpeg4: 'MPEG-4',
  svac: 'SVAC',
  pcma: 'G.711 A-law',
  pcmu: 'G.711 µ-law',
  aac: 'AAC',
  g722: 'G.722',
  opus: 'Opus',
};

/** A codec as people write it. */
export const codecLabel = (codec: string) => CODECS[codec.toLowerCase()] ?? codec.toUpperCase();

/** `H.264 1920 × 1080`; empty without video. */
export function videoText({ video }: Pick<LiveStream, 'video'>): string {
  if (!video) return '';
  const size = video.width && video.height ? ` ${video.width} × ${video.height}` : '';
  return codecLabel(video.codec) + size;
}

/** `Opus`, `G.711 A-law`; empty without audio. */
export const audioText = ({ audio }: Pick<LiveStream, 'audio'>): string => (audio ? codecLabel(audio.codec) : '');
