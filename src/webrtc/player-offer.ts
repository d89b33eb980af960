import { OfferCodecError, SdpError } from './errors.ts';
import { matchFormat, parseFormats, type OfferedFormat } from './formats.ts';
import { findReceiving } from './offer.ts';
import { hasMidExtension, parseSession, sessionOfferOf, type SessionOffer } from './offer-session.ts';

/** How one published track is sent to one player. */
export interface PlayedTrack {
  readonly kind: 'video' | 'audio';
  readonly section: number;
  /** The player's own format. */
  readonly format: OfferedFormat;
}

export interface PlayerOffer extends SessionOffer {
  readonly tracks: readonly PlayedTrack[];
  /** False for agents that tell sections apart by SSRC only: no MID extension offered (RFC 9143 §9.2). */
  readonly fullBundle: boolean;
}

/** Reads the offer of one who plays a publication with these formats. @throws SdpError, OfferCodecError */
export function parsePlayerOffer(
  text: string,
  published: ReadonlyArray<{ readonly kind: 'video' | 'audio'; readonly format: OfferedFormat }>,
): PlayerOffer {
  const session = parseSession(text);
  const tracks = published.flatMap(({ kind, format }): PlayedTrack[] => {
    const section = findReceiving(session.media, kind);
    const media = session.media[section];
    if (media === undefined) return [];
    const match = matchFormat(format, parseFormats(media));
    if (match === undefined) {
      throw new OfferCodecError(
        `the publication's ${kind} is ${format.codec}, the m=${kind} section does not offer it`,
      );
    }
    return [{ kind, section, format: match }];
  });
  if (tracks.length === 0) {
    const kinds = published.map(({ kind }) => kind).join(' and ');
    throw new SdpError(`the publication has ${kinds}, the offer has no such section that receives`);
  }
  const used = tracks.map(({ section }) => section).toSorted((a, b) => a - b);
  return { ...sessionOfferOf(session, used), tracks, fullBundle: session.media.some(hasMidExtension) };
}
