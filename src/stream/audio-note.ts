import type { AudioTrack } from '../media/index.ts';

const NAMES: Readonly<Record<AudioTrack['codec'], string>> = {
  pcma: 'G.711 A-law',
  pcmu: 'G.711 µ-law',
  aac: 'AAC',
  g722: 'G.722',
  g7221: 'G.722.1',
  g7231: 'G.723.1',
  g729: 'G.729',
  svac: 'SVAC audio',
  'mpeg-audio': 'MPEG audio',
  opus: 'Opus',
  unknown: 'an unknown audio codec',
};

/** One line about a camera's sound for its timeline. */
export function audioNote({ codec, playable }: AudioTrack): string {
  if (playable) return NAMES[codec];
  return `codec_unsupported: the camera sends ${NAMES[codec]}, players get G.711 only: there is no sound`;
}
