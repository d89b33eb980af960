import { parseParams, type MediaDescription } from 'sdp-transform';
import { parseH264Profile, rankH264Profile, type H264Profile } from './h264-profile.ts';
import type { PublishedCodec } from './types.ts';

interface CodecFacts {
  readonly kind: 'video' | 'audio';
  readonly mimeType: string;
  readonly clockRate: number;
  readonly channels?: number;
}

/** What may be published, with the names of the payload format registrations. */
export const CODECS: Readonly<Record<PublishedCodec, CodecFacts>> = {
  h264: { kind: 'video', mimeType: 'video/H264', clockRate: 90_000 },
  vp8: { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 },
  vp9: { kind: 'video', mimeType: 'video/VP9', clockRate: 90_000 },
  av1: { kind: 'video', mimeType: 'video/AV1', clockRate: 90_000 },
  opus: { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
  pcma: { kind: 'audio', mimeType: 'audio/PCMA', clockRate: 8000, channels: 1 },
  pcmu: { kind: 'audio', mimeType: 'audio/PCMU', clockRate: 8000, channels: 1 },
};

/** Encoding names in upper case. */
export const NAMES: ReadonlyMap<string, PublishedCodec> = new Map([
  ['H264', 'h264'],
  ['VP8', 'vp8'],
  ['VP9', 'vp9'],
  ['AV1', 'av1'],
  ['OPUS', 'opus'],
  ['PCMA', 'pcma'],
  ['PCMU', 'pcmu'],
]);

/** RFC 3551 §6: formats that need no rtpmap. */
const STATIC = new Map<number, PublishedCodec>([
  [0, 'pcmu'],
  [8, 'pcma'],
]);

/** One format of an m= line that this gateway can carry. */
export interface OfferedFormat {
  readonly codec: PublishedCodec;
  readonly payloadType: number;
  readonly fmtp: string | undefined;
  /** Of H.264 only. */
  readonly profile: H264Profile | undefined;
  /** RFC 4588: payload type of its retransmissions. */
  readonly rtx: number | undefined;
}

/** The formats of a section that can be carried, in the order of its m= line. */
export function parseFormats(media: MediaDescription): OfferedFormat[] {
  const payloadTypes = media.payloads === undefined ? [] : String(media.payloads).split(' ').map(Number);
  return payloadTypes.flatMap((payloadType) => parseFormat(media, payloadType));
}

function parseFormat(media: MediaDescription, payloadType: number): OfferedFormat[] {
  if (!Number.isInteger(payloadType) || payloadType < 0 || payloadType > 127) return [];
  const codec = codecOf(media, payloadType);
  if (codec === undefined || CODECS[codec].kind !== media.type) return [];
  const fmtp = fmtpOf(media, payloadType);
  const parameters = fmtp === undefined ? {} : parseParams(fmtp);
  // Receivers and forwarders know only the ordinary 4:2:0 8-bit profile (RFC 9628 §6).
  if (codec === 'vp9' && Number(parameters['profile-id'] ?? 0) !== 0) return [];
  const profile = codec === 'h264' ? h264ProfileOf(fmtp, parameters) : undefined;
  if (codec === 'h264' && profile === undefined) return [];
  return [{ codec, payloadType, fmtp, profile, rtx: rtxOf(media, payloadType) }];
}

/** Undefined for what FU-A packets may not be sent in. */
function h264ProfileOf(
  fmtp: string | undefined,
  parameters: Readonly<Record<string, string | number | undefined>>,
): H264Profile | undefined {
  if (fmtp !== undefined && Number(parameters['packetization-mode'] ?? 0) !== 1) return undefined;
  const id = parameters['profile-level-id'];
  return parseH264Profile(id === undefined ? undefined : String(id).padStart(6, '0'));
}

function codecOf(media: MediaDescription, payloadType: number): PublishedCodec | undefined {
  const rtpmap = media.rtp.find((line) => line.payload === payloadType);
  if (rtpmap === undefined) return STATIC.get(payloadType);
  const codec = NAMES.get(String(rtpmap.codec).toUpperCase());
  if (codec === undefined || rtpmap.rate !== CODECS[codec].clockRate) return undefined;
  const channels = Number(rtpmap.encoding ?? 1);
  return channels === (CODECS[codec].channels ?? 1) ? codec : undefined;
}

function fmtpOf(media: MediaDescription, payloadType: number): string | undefined {
  const line = media.fmtp.find((candidate) => candidate.payload === payloadType);
  return line === undefined ? undefined : String(line.config);
}

function rtxOf(media: MediaDescription, payloadType: number): number | undefined {
  const retransmissions = media.rtp.filter((line) => String(line.codec).toLowerCase() === 'rtx');
  const found = retransmissions.find(({ payload }) => {
    const fmtp = fmtpOf(media, payload);
    return fmtp !== undefined && Number(parseParams(fmtp)['apt']) === payloadType;
  });
  return found?.payload;
}

/** The offered format in which a published one can be played; H.264 by the nearest profile. */
export function matchFormat(published: OfferedFormat, offered: readonly OfferedFormat[]): OfferedFormat | undefined {
  const same = offered.filter((format) => format.codec === published.codec);
  const rank = (format: OfferedFormat): number =>
    rankH264Profile(format.profile ?? 'other', published.profile ?? 'other');
  return published.codec === 'h264' ? same.toSorted((a, b) => rank(a) - rank(b))[0] : same[0];
}

/** The text of a=rtpmap after the payload type. */
export function formatRtpmap(codec: PublishedCodec): string {
  const { mimeType, clockRate, channels = 1 } = CODECS[codec];
  const name = mimeType.slice(mimeType.indexOf('/') + 1);
  return `${name}/${clockRate}${channels === 1 ? '' : `/${channels}`}`;
}
