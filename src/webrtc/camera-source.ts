import type { Ingest } from '../media/index.ts';
import { cameraSections, offeredFeedback, VIEWER_FEEDBACK } from './answer.ts';
import { chooseAudio, chooseH264 } from './codec-choice.ts';
import type { FeedLease } from './feed-table.ts';
import type { ViewerOffer } from './offer.ts';
import { cameraCodecs } from './router-cache.ts';
import type { ProducerLease, ViewerSource } from './viewer-source.ts';

/** A camera as one viewer sees it; the formats stay over the camera's restarts. */
export function cameraSource(offer: ViewerOffer, ingest: Ingest): ViewerSource {
  const h264 = chooseH264(offer, ingest.video?.profileLevelId);
  const audioCodec = chooseAudio(offer, ingest.audio?.codec);
  const section = offer.sections[offer.video.section];
  const showing = (shown: Ingest): ViewerSource => ({
    offer,
    codecs: cameraCodecs(h264.payloadType),
    feedback: section === undefined ? [] : offeredFeedback(section, h264.payloadType, VIEWER_FEEDBACK),
    audio: offer.audio !== undefined,
    open: async (worker) =>
      leaseOf(await worker.feeds.acquire({ ingest: shown, payloadType: h264.payloadType, audioCodec })),
    rebind: showing,
    sections: (streamId, ssrcs) =>
      cameraSections({ streamId, offer, h264, audioCodec, ...(ssrcs === undefined ? {} : { ssrcs }) }),
  });
  return showing(ingest);
}

function leaseOf(lease: FeedLease): ProducerLease {
  const { feed } = lease;
  return {
    video: feed.video,
    audio: feed.audio,
    start: () => feed.start(),
    onAudio(listener) {
      feed.on('audio', listener);
      return () => feed.off('audio', listener);
    },
    release: () => lease.release(),
  };
}
