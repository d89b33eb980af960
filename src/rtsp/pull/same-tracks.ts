import { spropOf, type RtpTrackOffer } from '../../stream/index.ts';

/**
 * Whether those who watch the tracks of before can go on with these. A server describes H.264 by its parameter sets
 * (RFC 6184 §8.1) once it has seen them: where one description has none, they come in the stream, and it may be
 * the same all the same.
 */
export function sameTracks(before: readonly RtpTrackOffer[], now: readonly RtpTrackOffer[]): boolean {
  return before.length === now.length && before.every((track, at) => isSame(track, now[at]));
}

function isSame(before: RtpTrackOffer, now: RtpTrackOffer | undefined): boolean {
  if (now === undefined) return false;
  const { parameters: known = '', ...one } = before;
  const { parameters: told = '', ...other } = now;
  if (JSON.stringify(one) !== JSON.stringify(other)) return false;
  const bothDescribed = spropOf(known) !== '' && spropOf(told) !== '';
  if (before.encoding.toUpperCase() !== 'H264' || bothDescribed) return known === told;
  return modeOf(known) === modeOf(told);
}

/** `packetization-mode`, 0 where it is absent. */
function modeOf(parameters: string): string {
  return /(?:^|;)\s*packetization-mode\s*=\s*(\d)/i.exec(parameters)?.[1] ?? '0';
}
