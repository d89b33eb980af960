import { parse, parseParams, type MediaDescription, type SessionDescription } from 'sdp-transform';
import { errorMessage } from '../util/index.ts';
import { OfferCodecError, SdpError } from './errors.ts';
import { parseH264Profile, type H264Profile } from './h264-profile.ts';

/** Bounds of an offer; a browser's has about 6 KB and 3 sections. */
const MAX_OFFER_BYTES = 65_536;
const MAX_SECTIONS = 32;

const PROTOCOLS = new Set(['UDP/TLS/RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'TCP/DTLS/RTP/SAVPF', 'RTP/SAVPF', 'RTP/SAVP']);
const MID_EXTENSION = 'urn:ietf:params:rtp-hdrext:sdes:mid';

const FINGERPRINT_ALGORITHMS = ['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512'] as const;
export type FingerprintAlgorithm = (typeof FINGERPRINT_ALGORITHMS)[number];

/** RFC 8122 §5. */
export interface Fingerprint {
  readonly algorithm: FingerprintAlgorithm;
  readonly value: string;
}

/** An H.264 format of the offer that RFC 6184 FU-A packets may be sent in. */
export interface OfferedH264 {
  readonly payloadType: number;
  readonly profile: H264Profile;
  readonly fmtp: string | undefined;
}

export interface OfferSection {
  readonly mid: string | undefined;
  readonly kind: string;
  readonly protocol: string;
  /** Format list of the m= line. */
  readonly formats: string;
  /** rtpmap value of the first format, for a section that is answered inactive. */
  readonly firstRtpmap: string | undefined;
  readonly rtcpRsize: boolean;
  readonly rtcpFeedback: ReadonlyArray<{ readonly payload: string; readonly value: string }>;
}

/** What a player that receives has offered, as far as an answer needs it. */
export interface ViewerOffer {
  readonly sections: readonly OfferSection[];
  /** Mids of a=group:BUNDLE in the offer's order. */
  readonly bundle: readonly string[];
  /** DTLS role of the offerer as our answer leaves it: `client` answers `passive`. */
  readonly dtlsRole: 'client' | 'server';
  readonly fingerprints: readonly Fingerprint[];
  readonly video: { readonly section: number; readonly h264: readonly OfferedH264[] };
  readonly audio: { readonly section: number; readonly pcma: boolean; readonly pcmu: boolean } | undefined;
  /** False for agents that tell sections apart by SSRC only: no MID extension offered (RFC 9143 §9.2). */
  readonly fullBundle: boolean;
}

/** Reads a player's offer. @throws SdpError, OfferCodecError */
export function parseOffer(text: string): ViewerOffer {
  const session = parseSession(text);
  const bundle = parseBundle(session);
  const videoSection = findReceiving(session.media, 'video');
  const video = session.media[videoSection];
  if (video === undefined) throw new SdpError(missingVideo(session.media));
  const h264 = parseH264Formats(video);
  const audio = findAudio(session.media);
  const used = audio === undefined ? [videoSection] : [videoSection, audio.section];
  checkTransport(session, used, bundle);
  return {
    sections: session.media.map(parseSection),
    bundle,
    dtlsRole: parseDtlsRole(session, video),
    fingerprints: parseFingerprints(session, video),
    video: { section: videoSection, h264 },
    audio,
    fullBundle: session.media.some((media) => media.ext?.some((extension) => extension.uri === MID_EXTENSION)),
  };
}

function parseSession(text: string): SessionDescription {
  if (text.length > MAX_OFFER_BYTES) {
    throw new SdpError(`the offer has ${text.length} characters, the limit is ${MAX_OFFER_BYTES}`);
  }
  if (!/^v=0\s/.test(text)) throw new SdpError('the offer does not start with v=0');
  let session: SessionDescription;
  try {
    session = parse(text);
  } catch (cause) {
    throw new SdpError(`the offer cannot be parsed: ${errorMessage(cause)}`, { cause });
  }
  const sections = session.media.length;
  if (sections === 0) throw new SdpError('the offer has no m= line');
  if (sections > MAX_SECTIONS) throw new SdpError(`the offer has ${sections} m= lines, the limit is ${MAX_SECTIONS}`);
  return session;
}

/** sdp-transform turns digits into numbers whatever its types say. */
function midOf(media: MediaDescription): string | undefined {
  return media.mid === undefined ? undefined : String(media.mid);
}

function parseBundle(session: SessionDescription): string[] {
  const group = session.groups?.find((candidate) => candidate.type === 'BUNDLE');
  return group === undefined ? [] : String(group.mids).split(' ').filter(Boolean);
}

function receives(media: MediaDescription, session: MediaDescription['direction']): boolean {
  const direction = media.direction ?? session ?? 'sendrecv';
  return direction === 'recvonly' || direction === 'sendrecv';
}

/** RFC 9143 §6: port 0 with a=bundle-only is no rejected section. */
function usable(media: MediaDescription): boolean {
  return PROTOCOLS.has(media.protocol) && (media.port !== 0 || media.bundleOnly !== undefined);
}

function findReceiving(sections: readonly MediaDescription[], kind: string): number {
  return sections.findIndex((media) => media.type === kind && usable(media) && receives(media, undefined));
}

function missingVideo(sections: readonly MediaDescription[]): string {
  const video = sections.find((media) => media.type === 'video');
  if (video === undefined) return 'the offer has no m=video line';
  if (!usable(video)) return `the m=video line cannot be used: port ${video.port}, protocol ${video.protocol}`;
  return `the m=video section is ${video.direction ?? 'sendrecv'}, a player has to offer recvonly`;
}

function parseH264Formats(video: MediaDescription): OfferedH264[] {
  const known = video.rtp.filter((format) => String(format.codec).toUpperCase() === 'H264' && format.rate === 90_000);
  const formats = known.flatMap((format) => parseH264Format(format.payload, video));
  if (formats.length > 0) return formats;
  if (known.length > 0) throw new OfferCodecError('the offer has H264 only without packetization-mode=1');
  const offered = [...new Set(video.rtp.map((format) => format.codec))].join(', ');
  throw new OfferCodecError(`the offer has no H264, only ${offered === '' ? 'unknown formats' : offered}`);
}

/** Players without any fmtp line are taken at their word that they know H.264; packetization-mode=0 is a refusal of FU-A. */
function parseH264Format(payloadType: number, video: MediaDescription): OfferedH264[] {
  const config = video.fmtp.find((line) => line.payload === payloadType)?.config;
  if (!Number.isInteger(payloadType) || payloadType < 0 || payloadType > 127) return [];
  if (config === undefined) return [{ payloadType, profile: 'other', fmtp: undefined }];
  const parameters = parseParams(String(config));
  if (Number(parameters['packetization-mode'] ?? 0) !== 1) return [];
  const id = parameters['profile-level-id'];
  const profile = parseH264Profile(id === undefined ? undefined : String(id).padStart(6, '0'));
  return profile === undefined ? [] : [{ payloadType, profile, fmtp: config }];
}

function findAudio(sections: readonly MediaDescription[]): ViewerOffer['audio'] {
  const section = findReceiving(sections, 'audio');
  const audio = sections[section];
  if (audio === undefined) return undefined;
  const formats = new Set(audio.payloads === undefined ? [] : String(audio.payloads).split(' '));
  // RFC 3551 §6: payload types 0 and 8 are G.711 with or without an rtpmap.
  const [pcma, pcmu] = [formats.has('8'), formats.has('0')];
  return pcma || pcmu ? { section, pcma, pcmu } : undefined;
}

function checkTransport(session: SessionDescription, used: readonly number[], bundle: readonly string[]): void {
  const first = session.media[used[0] ?? 0];
  if ((first?.iceUfrag ?? session.iceUfrag) === undefined) throw new SdpError('the offer has no a=ice-ufrag');
  if ((first?.icePwd ?? session.icePwd) === undefined) throw new SdpError('the offer has no a=ice-pwd');
  for (const index of used) {
    const media = session.media[index];
    if (media?.rtcpMux === undefined) throw new SdpError(`the m=${media?.type} section has no a=rtcp-mux`);
    const mid = midOf(media);
    if (used.length > 1 && (mid === undefined || !bundle.includes(mid))) {
      throw new SdpError(`the m=${media.type} section is not in a=group:BUNDLE`);
    }
  }
}

/** RFC 5763 §5: actpass leaves the choice to us, and the browser starts the handshake. */
function parseDtlsRole(session: SessionDescription, media: MediaDescription): 'client' | 'server' {
  const setup = media.setup ?? session.setup;
  switch (setup) {
    case 'actpass':
    case 'active':
      return 'client';
    case 'passive':
      return 'server';
    case undefined:
      throw new SdpError('the offer has no a=setup');
    default:
      throw new SdpError(`the offer has a=setup:${setup}, expected actpass`);
  }
}

function parseFingerprints(session: SessionDescription, media: MediaDescription): Fingerprint[] {
  const fingerprint = media.fingerprint ?? session.fingerprint;
  if (fingerprint === undefined) throw new SdpError('the offer has no a=fingerprint');
  const type = String(fingerprint.type).toLowerCase();
  const algorithm = FINGERPRINT_ALGORITHMS.find((known) => known === type);
  if (algorithm === undefined) throw new SdpError(`the offer has a fingerprint of unknown kind ${type}`);
  const value = String(fingerprint.hash).toUpperCase();
  if (!/^[0-9A-F]{2}(:[0-9A-F]{2})+$/.test(value)) throw new SdpError('the offer has a malformed a=fingerprint');
  return [{ algorithm, value }];
}

function parseSection(media: MediaDescription): OfferSection {
  const formats = media.payloads === undefined ? '' : String(media.payloads);
  const first = media.rtp.find((format) => String(format.payload) === formats.split(' ')[0]);
  const channels = first?.encoding === undefined ? '' : `/${first.encoding}`;
  return {
    mid: midOf(media),
    kind: media.type,
    protocol: media.protocol,
    formats,
    firstRtpmap: first === undefined ? undefined : `${first.payload} ${first.codec}/${first.rate}${channels}`,
    rtcpRsize: media.rtcpRsize !== undefined,
    rtcpFeedback: (media.rtcpFb ?? []).map((line) => ({
      payload: String(line.payload),
      value: line.subtype === undefined ? line.type : `${line.type} ${line.subtype}`,
    })),
  };
}
