import { parse, type MediaDescription, type SessionDescription } from 'sdp-transform';
import { errorMessage } from '../util/index.ts';
import { SdpError } from './errors.ts';

/** Bounds of an offer; a browser's has about 6 KB and 3 sections. */
const MAX_OFFER_BYTES = 65_536;
const MAX_SECTIONS = 32;

const PROTOCOLS = new Set(['UDP/TLS/RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'TCP/DTLS/RTP/SAVPF', 'RTP/SAVPF', 'RTP/SAVP']);
const MID_EXTENSION = 'urn:ietf:params:rtp-hdrext:sdes:mid';

const FINGERPRINT_ALGORITHMS = ['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512'] as const;
type FingerprintAlgorithm = (typeof FINGERPRINT_ALGORITHMS)[number];

/** RFC 8122 §5. */
interface Fingerprint {
  readonly algorithm: FingerprintAlgorithm;
  readonly value: string;
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

/** What every answer needs of an offer, whoever sends. */
export interface SessionOffer {
  readonly sections: readonly OfferSection[];
  /** Mids of a=group:BUNDLE in the offer's order. */
  readonly bundle: readonly string[];
  /** DTLS role of the offerer as our answer leaves it: `client` answers `passive`. */
  readonly dtlsRole: 'client' | 'server';
  readonly fingerprints: readonly Fingerprint[];
}

/** Checks the transport of the sections that will be used, the first of which carries it. @throws SdpError */
export function sessionOfferOf(session: SessionDescription, used: readonly number[]): SessionOffer {
  const bundle = parseBundle(session);
  const first = session.media[used[0] ?? 0];
  if (first === undefined) throw new SdpError('the offer has no m= line that can be used');
  checkTransport(session, used, bundle);
  return {
    sections: session.media.map(parseSection),
    bundle,
    dtlsRole: parseDtlsRole(session, first),
    fingerprints: parseFingerprints(session, first),
  };
}

/** @throws SdpError */
export function parseSession(text: string): SessionDescription {
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
export function midOf(media: MediaDescription): string | undefined {
  return media.mid === undefined ? undefined : String(media.mid);
}

function parseBundle(session: SessionDescription): string[] {
  const group = session.groups?.find((candidate) => candidate.type === 'BUNDLE');
  return group === undefined ? [] : String(group.mids).split(' ').filter(Boolean);
}

/** RFC 8866 §6.7: sendrecv where nothing is said. */
export function receives(media: MediaDescription): boolean {
  const direction = media.direction ?? 'sendrecv';
  return direction === 'recvonly' || direction === 'sendrecv';
}

export function sends(media: MediaDescription): boolean {
  const direction = media.direction ?? 'sendrecv';
  return direction === 'sendonly' || direction === 'sendrecv';
}

/** Whether a section can carry the MID of RFC 9143 §15. */
export function hasMidExtension(media: MediaDescription): boolean {
  return media.ext?.some((extension) => extension.uri === MID_EXTENSION) === true;
}

/** RFC 9143 §6: port 0 with a=bundle-only is no rejected section. */
export function usable(media: MediaDescription): boolean {
  return PROTOCOLS.has(media.protocol) && (media.port !== 0 || media.bundleOnly !== undefined);
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
  checkDistinct(used.flatMap((index) => session.media[index] ?? []));
}

/** What comes over one transport is told apart by these (RFC 9143 §9.1, §9.2). @throws SdpError */
function checkDistinct(sections: readonly MediaDescription[]): void {
  const seen = new Set<string>();
  for (const media of sections) {
    const payloads = new Set(
      String(media.payloads ?? '')
        .split(' ')
        .filter(Boolean),
    );
    const names = [`a=mid:${midOf(media) ?? ''}`, ...[...payloads].map((payload) => `payload type ${payload}`)];
    for (const name of names) {
      if (seen.has(name)) throw new SdpError(`${name.slice(0, 80)} stands in two sections`);
      seen.add(name);
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
