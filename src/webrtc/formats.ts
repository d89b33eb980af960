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

/** The lines of a section by payload type: an offer may have thousands, and each format asks for several. */
interface SectionLines {
  readonly kind: string;
  readonly rtpmaps: ReadonlyMap<number, MediaDescription['rtp'][number]>;
  readonly fmtps: ReadonlyMap<number, MediaDescription['fmtp'][number]>;
  /** RFC 4588 §8.6: `apt` → payload type of its retransmissions. */
  readonly rtx: ReadonlyMap<number, number>;
}

/** The formats of a section that can be carried, in the order of its m= line. */
export function parseFormats(media: MediaDescription): OfferedFormat[] {
  const named = media.payloads === undefined ? [] : String(media.payloads).split(' ').map(Number);
  const payloadTypes = new Set(named.filter((each) => Number.isInteger(each) && each >= 0 && each <= 127));
  const lines = linesOf(media);
  return [...payloadTypes].flatMap((payloadType) => parseFormat(lines, payloadType));
}

function linesOf({ type, rtp, fmtp }: MediaDescription): SectionLines {
  const fmtps = firstOfEach(fmtp);
  const rtx = new Map<number, number>();
  for (const { codec, payload } of rtp) {
    const line = String(codec).toLowerCase() === 'rtx' ? fmtps.get(payload) : undefined;
    const apt = line === undefined ? Number.NaN : Number(parseParams(String(line.config))['apt']);
    if (!rtx.has(apt)) rtx.set(apt, payload);
  }
  return { kind: type, rtpmaps: firstOfEach(rtp), fmtps, rtx };
}

function firstOfEach<T extends { readonly payload: number }>(lines: readonly T[]): Map<number, T> {
  const first = new Map<number, T>();
  for (const line of lines) if (!first.has(line.payload)) first.set(line.payload, line);
  return first;
}

function parseFormat(lines: SectionLines, payloadType: number): OfferedFormat[] {
  const codec = codecOf(lines, payloadType);
  if (codec === undefined || CODECS[codec].kind !== lines.kind) return [];
  const line = lines.fmtps.get(payloadType);
  const fmtp = line === undefined ? undefined : String(line.config);
  const parameters = fmtp === undefined ? {} : parseParams(fmtp);
  // Receivers and forwarders know only the ordinary 4:2:0 8-bit profile (RFC 9628 §6).
  if (codec === 'vp9' && Number(parameters['profile-id'] ?? 0) !== 0) return [];
  const profile = codec === 'h264' ? h264ProfileOf(fmtp, parameters) : undefined;
  if (codec === 'h264' && profile === undefined) return [];
  return [{ codec, payloadType, fmtp, profile, rtx: lines.rtx.get(payloadType) }];
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

function codecOf({ rtpmaps }: SectionLines, payloadType: number): PublishedCodec | undefined {
  const rtpmap = rtpmaps.get(payloadType);
  if (rtpmap === undefined) return STATIC.get(payloadType);
  const codec = NAMES.get(String(rtpmap.codec).toUpperCase());
  if (codec === undefined || rtpmap.rate !== CODECS[codec].clockRate) return undefined;
  const channels = Number(rtpmap.encoding ?? 1);
  return channels === (CODECS[codec].channels ?? 1) ? codec : undefined;
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
