import type { PlayableAudio } from '../media/index.ts';
import { parseH264Profile, rankH264Profile } from './h264-profile.ts';
import type { OfferedH264, ViewerOffer } from './offer.ts';

/** The offered H.264 format that promises most for a stream; `profileLevelId` is that of its SPS, if one was seen. */
export function chooseH264(offer: ViewerOffer, profileLevelId: string | undefined): OfferedH264 {
  const stream = (profileLevelId === undefined ? undefined : parseH264Profile(profileLevelId)) ?? 'other';
  const [best] = offer.video.h264.toSorted(
    (a, b) => rankH264Profile(a.profile, stream) - rankH264Profile(b.profile, stream),
  );
  if (best === undefined) throw new TypeError('an offer without H264 was accepted');
  return best;
}

/** G.711 as the camera sends it, if the browser takes it; the media thread converts to the other law. */
export function chooseAudio({ audio }: ViewerOffer, camera: string | undefined): PlayableAudio {
  if (audio !== undefined && !audio.pcma) return 'pcmu';
  return camera === 'pcmu' && audio?.pcmu !== false ? 'pcmu' : 'pcma';
}
