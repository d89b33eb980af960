import { offeredFeedback, ssrcLines, VIEWER_FEEDBACK, type AnswerSsrcs, type SectionAnswer } from './answer.ts';
import { formatRtpmap } from './formats.ts';
import type { PlayedTrack, PlayerOffer } from './player-offer.ts';
import { publishedCodecs } from './router-cache.ts';
import type { ViewerSource } from './viewer-source.ts';
import type { BasePublication } from './base-publication.ts';

/** A publication as one player sees it. */
export function publicationSource(offer: PlayerOffer, publication: BasePublication): ViewerSource {
  const codecs = publishedCodecs(offer.tracks.map(({ format }) => format));
  const video = offer.tracks.find(({ kind }) => kind === 'video');
  return {
    offer,
    codecs,
    feedback: video === undefined ? [] : feedbackOf(offer, video),
    audio: offer.tracks.some(({ kind }) => kind === 'audio'),
    open: async (worker) => worker.relays.acquire(publication, codecs),
    sections: (streamId, ssrcs) =>
      new Map(offer.tracks.map((track) => [track.section, sectionOf(offer, track, { streamId, ssrcs })])),
  };
}

function feedbackOf(offer: PlayerOffer, { section, format }: PlayedTrack): string[] {
  const offered = offer.sections[section];
  return offered === undefined ? [] : offeredFeedback(offered, format.payloadType, VIEWER_FEEDBACK);
}

function sectionOf(
  offer: PlayerOffer,
  track: PlayedTrack,
  { streamId, ssrcs }: { readonly streamId: string; readonly ssrcs: AnswerSsrcs | undefined },
): SectionAnswer {
  const { kind, format } = track;
  const { payloadType, fmtp, codec } = format;
  const feedback = kind === 'video' ? feedbackOf(offer, track) : [];
  return {
    direction: 'sendonly',
    payloadTypes: [payloadType],
    attributes: [
      `a=msid:${streamId} ${kind}`,
      `a=rtpmap:${payloadType} ${formatRtpmap(codec)}`,
      ...(fmtp === undefined ? [] : [`a=fmtp:${payloadType} ${fmtp}`]),
      ...feedback.map((value) => `a=rtcp-fb:${payloadType} ${value}`),
      ...ssrcLines(ssrcs?.[kind], ssrcs?.cname, `${streamId} ${kind}`),
    ],
  };
}
