import { parseParams, type MediaDescription } from 'sdp-transform';
import { OfferCodecError, SdpError } from './errors.ts';
import { parseH264Profile, type H264Profile } from './h264-profile.ts';
import { hasMidExtension, parseSession, receives, sessionOfferOf, usable, type SessionOffer } from './offer-session.ts';

/** An H.264 format of the offer that RFC 6184 FU-A packets may be sent in. */
export interface OfferedH264 {
  readonly payloadType: number;
  readonly profile: H264Profile;
  readonly fmtp: string | undefined;
}

/** What a player that receives has offered, as far as an answer needs it. */
export interface ViewerOffer extends SessionOffer {
  readonly video: { readonly section: number; readonly h264: readonly OfferedH264[] };
  readonly audio: { readonly section: number; readonly pcma: boolean; readonly pcmu: boolean } | undefined;
  /** False for agents that tell sections apart by SSRC only: no MID extension offered (RFC 9143 §9.2). */
  readonly fullBundle: boolean;
}

/** Reads a player's offer. @throws SdpError, OfferCodecError */
export function parseOffer(text: string): ViewerOffer {
  const session = parseSession(text);
  const videoSection = findReceiving(session.media, 'video');
  const video = session.media[videoSection];
  if (video === undefined) throw new SdpError(missingVideo(session.media));
  const h264 = parseH264Formats(video);
  const audio = findAudio(session.media);
  const used = audio === undefined ? [videoSection] : [videoSection, audio.section];
  return {
    ...sessionOfferOf(session, used),
    video: { section: videoSection, h264 },
    audio,
    fullBundle: session.media.some(hasMidExtension),
  };
}

/** Index of the first section that a track of this kind can be sent in; -1 for none. */
export function findReceiving(sections: readonly MediaDescription[], kind: string): number {
  return sections.findIndex((media) => media.type === kind && usable(media) && receives(media));
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
