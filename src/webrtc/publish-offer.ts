import type { MediaDescription, SessionDescription } from 'sdp-transform';
import { OfferCodecError, SdpError } from './errors.ts';
import { parseFormats, type OfferedFormat } from './formats.ts';
import {
  hasMidExtension,
  midOf,
  parseSession,
  sends,
  sessionOfferOf,
  usable,
  type SessionOffer,
} from './offer-session.ts';

/** Header extensions (RFC 8285) that mediasoup reads or forwards; a producer keeps the ids of its offer. */
const EXTENSIONS = new Set([
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
]);
const RID_EXTENSION = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';
const MAX_ENCODINGS = 6;

export interface OfferedEncoding {
  readonly ssrc?: number;
  readonly rid?: string;
  readonly rtxSsrc?: number;
}

/** One track that a publisher will send. */
export interface OfferedTrack {
  readonly kind: 'video' | 'audio';
  readonly section: number;
  readonly mid: string | undefined;
  /** The first format of the offer that can be carried: the publisher's own preference. */
  readonly format: OfferedFormat;
  readonly extensions: ReadonlyArray<{ readonly id: number; readonly uri: string }>;
  readonly encodings: readonly OfferedEncoding[];
}

export interface PublishOffer extends SessionOffer {
  /** At least one, at most one of a kind. */
  readonly tracks: readonly OfferedTrack[];
}

/** Reads a publisher's offer: the first video and the first audio section that send. @throws SdpError, OfferCodecError */
export function parsePublishOffer(text: string): PublishOffer {
  const session = parseSession(text);
  const found = [findSending(session, 'video'), findSending(session, 'audio')].filter((index) => index >= 0);
  if (found.length === 0) throw new SdpError(nothingSent(session));
  const used = found.toSorted((a, b) => a - b);
  const tracks = used.map((section) => parseTrack(session, section));
  checkSsrcs(tracks);
  return { ...sessionOfferOf(session, used), tracks };
}

/** RFC 5576 §4.1: one source, one SSRC. @throws SdpError */
function checkSsrcs(tracks: readonly OfferedTrack[]): void {
  const ssrcs = tracks.flatMap(({ encodings }) => encodings.flatMap(({ ssrc, rtxSsrc }) => [ssrc, rtxSsrc]));
  const given = ssrcs.filter((ssrc) => ssrc !== undefined);
  const twice = given.find((ssrc, index) => given.indexOf(ssrc) !== index);
  if (twice !== undefined) throw new SdpError(`SSRC ${twice} stands for two sources`);
}

function findSending(session: SessionDescription, kind: string): number {
  return session.media.findIndex((media) => media.type === kind && usable(media) && sends(media));
}

function nothingSent(session: SessionDescription): string {
  const media = session.media.find(({ type }) => type === 'video' || type === 'audio');
  if (media === undefined) return 'the offer has no m=video and no m=audio line';
  if (!usable(media)) return `the m=${media.type} line cannot be used: port ${media.port}, protocol ${media.protocol}`;
  return `the m=${media.type} section is ${media.direction ?? 'sendrecv'}, a publisher has to offer sendonly`;
}

function parseTrack(session: SessionDescription, section: number): OfferedTrack {
  const media = session.media[section];
  if (media === undefined) throw new SdpError(`the offer has no section ${section}`);
  const [format] = parseFormats(media);
  if (format === undefined) {
    const offered = [...new Set(media.rtp.map(({ codec }) => codec))].join(', ').slice(0, 200);
    const known = media.type === 'video' ? 'H264 (packetization-mode=1), VP8, VP9, AV1' : 'opus, PCMA, PCMU';
    throw new OfferCodecError(`the m=${media.type} section has none of ${known}, only ${offered || 'unknown formats'}`);
  }
  const extensions = (media.ext ?? []).flatMap(({ uri, value }) =>
    EXTENSIONS.has(uri) && Number.isInteger(value) && value >= 1 && value <= 14 ? [{ id: value, uri }] : [],
  );
  const encodings = parseEncodings(media, format.rtx !== undefined);
  if (encodings.every(({ ssrc, rid }) => ssrc === undefined && rid === undefined) && !hasMidExtension(media)) {
    throw new SdpError(`the m=${media.type} section has neither a=ssrc nor the mid header extension`);
  }
  return {
    kind: media.type === 'video' ? 'video' : 'audio',
    section,
    mid: midOf(media),
    format,
    extensions,
    encodings,
  };
}

/** RFC 8853 simulcast, else SSRCs (RFC 5576), else one encoding that is told by its MID. */
function parseEncodings(media: MediaDescription, rtx: boolean): OfferedEncoding[] {
  const rids = (media.rids ?? []).filter(({ direction }) => direction === 'send').map(({ id }) => String(id));
  if (rids.length > 0 && media.ext?.some(({ uri }) => uri === RID_EXTENSION)) {
    return bounded([...new Set(rids)]).map((rid) => ({ rid }));
  }
  const groups = (media.ssrcGroups ?? []).map(({ semantics, ssrcs }) => ({
    semantics,
    ssrcs: String(ssrcs).split(' ').map(Number).filter(isSsrc),
  }));
  const repairOf = (ssrc: number): number | undefined =>
    groups.find(({ semantics, ssrcs }) => semantics === 'FID' && ssrcs[0] === ssrc)?.ssrcs[1];
  const [first] = groups.find(({ semantics }) => semantics === 'FID')?.ssrcs ?? [];
  const main = first ?? (media.ssrcs ?? []).map(({ id }) => Number(id)).find(isSsrc);
  const layers = groups.find(({ semantics }) => semantics === 'SIM')?.ssrcs ?? (main === undefined ? [] : [main]);
  if (layers.length === 0) return [{}];
  return bounded([...new Set(layers)]).map((ssrc) => {
    const rtxSsrc = rtx ? repairOf(ssrc) : undefined;
    return { ssrc, ...(rtxSsrc === undefined ? {} : { rtxSsrc }) };
  });
}

function bounded<T>(encodings: readonly T[]): readonly T[] {
  if (encodings.length > MAX_ENCODINGS) {
    throw new SdpError(`a section has ${encodings.length} encodings, the limit is ${MAX_ENCODINGS}`);
  }
  return encodings;
}

function isSsrc(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= 0xff_ff_ff_ff;
}
