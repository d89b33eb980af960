import { offeredFeedback, type SectionAnswer } from './answer.ts';
import { formatRtpmap } from './formats.ts';
import type { OfferedTrack, PublishOffer } from './publish-offer.ts';

/** The feedback that mediasoup sends to a publisher (RFC 4585, RFC 5104, REMB, transport-wide congestion control). */
const PUBLISHER_FEEDBACK = {
  video: ['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli'],
  audio: ['transport-cc', 'nack'],
} as const;

/** The feedback of a track that is both offered and given. */
export function publisherFeedback(offer: PublishOffer, track: OfferedTrack): string[] {
  const section = offer.sections[track.section];
  return section === undefined
    ? []
    : offeredFeedback(section, track.format.payloadType, PUBLISHER_FEEDBACK[track.kind]);
}

/** The sections by which a publication is received. */
export function publishSections(
  offer: PublishOffer,
  maxBitrateBps: number | undefined,
): ReadonlyMap<number, SectionAnswer> {
  const limited = offer.tracks.find(({ kind }) => kind === 'video') ?? offer.tracks[0];
  return new Map(
    offer.tracks.map((track) => [
      track.section,
      {
        direction: 'recvonly',
        payloadTypes: [track.format.payloadType, ...(track.format.rtx === undefined ? [] : [track.format.rtx])],
        ...(track === limited && maxBitrateBps !== undefined ? { bandwidth: bandwidthLines(maxBitrateBps) } : {}),
        attributes: trackLines(offer, track),
      },
    ]),
  );
}

/** RFC 8866 §5.8 (AS, in kbit/s with all overhead) and RFC 3890 §6.2 (TIAS, in bit/s without). */
function bandwidthLines(bitrateBps: number): string[] {
  return [`b=AS:${Math.max(1, Math.ceil(bitrateBps / 1000))}`, `b=TIAS:${bitrateBps}`];
}

function trackLines(offer: PublishOffer, track: OfferedTrack): string[] {
  const { payloadType, codec, fmtp, rtx } = track.format;
  const rids = track.encodings.flatMap(({ rid }) => rid ?? []);
  return [
    ...track.extensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    `a=rtpmap:${payloadType} ${formatRtpmap(codec)}`,
    ...(fmtp === undefined ? [] : [`a=fmtp:${payloadType} ${fmtp}`]),
    ...publisherFeedback(offer, track).map((value) => `a=rtcp-fb:${payloadType} ${value}`),
    ...(rtx === undefined ? [] : [`a=rtpmap:${rtx} rtx/90000`, `a=fmtp:${rtx} apt=${payloadType}`]),
    ...rids.map((rid) => `a=rid:${rid} recv`),
    ...(rids.length === 0 ? [] : [`a=simulcast:recv ${rids.join(';')}`]),
  ];
}
