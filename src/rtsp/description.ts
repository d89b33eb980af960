import {
  parseSdp,
  sdpAttribute,
  sdpAttributes,
  sdpRtpmaps,
  type MediaDescription,
  type SdpFault,
  type SdpRtpmap,
} from '../sdp/index.ts';
import type { RtpTrackOffer } from '../stream/index.ts';

/** A track of a description that the gateway can carry. */
export interface DescribedTrack {
  readonly offer: RtpTrackOffer;
  /** Value of `a=control`. */
  readonly control?: string;
}

export interface Description {
  /** `a=control` of the session. */
  readonly control?: string;
  /** The first video and the first audio that can be carried. */
  readonly tracks: readonly DescribedTrack[];
  /** What is left out, for people: `H265 video`, `MPEG4-GENERIC audio`. */
  readonly omitted: readonly string[];
}

/** Codecs that mediasoup and the gateway's players know, with the clock rate each must have. */
const CARRIED: ReadonlyMap<string, { readonly kind: RtpTrackOffer['kind']; readonly clockRate: number }> = new Map([
  ['H264', { kind: 'video', clockRate: 90_000 }],
  ['VP8', { kind: 'video', clockRate: 90_000 }],
  ['VP9', { kind: 'video', clockRate: 90_000 }],
  ['AV1', { kind: 'video', clockRate: 90_000 }],
  ['OPUS', { kind: 'audio', clockRate: 48_000 }],
  ['PCMA', { kind: 'audio', clockRate: 8000 }],
  ['PCMU', { kind: 'audio', clockRate: 8000 }],
]);

/** Payload types that need no `a=rtpmap` (RFC 3551 §6). */
const STATIC: ReadonlyMap<number, SdpRtpmap> = new Map([
  [0, { payloadType: 0, encoding: 'PCMU', clockRate: 8000 }],
  [8, { payloadType: 8, encoding: 'PCMA', clockRate: 8000 }],
]);

const MAX_OMITTED = 16;
const MAX_NAME_CHARS = 40;

/** Reads the description of a presentation (RFC 2326 appendix C). Never throws. */
export function parseDescription(text: string): Description | SdpFault {
  const parsed = parseSdp(text);
  if (typeof parsed === 'string') return parsed;
  const tracks: DescribedTrack[] = [];
  const omitted: string[] = [];
  for (const media of parsed.media) {
    const offer = readOffer(media);
    const taken = tracks.some((track) => track.offer.kind === offer?.kind);
    if (offer === undefined || taken) {
      if (omitted.length < MAX_OMITTED) omitted.push(`${taken ? 'second ' : ''}${nameOf(media)}`);
      continue;
    }
    const control = sdpAttribute(media, 'control');
    tracks.push({ offer, ...(control === undefined ? {} : { control }) });
  }
  const control = sdpAttribute(parsed, 'control');
  return { tracks, omitted, ...(control === undefined ? {} : { control }) };
}

/** The first payload type of a medium that can be carried. */
function readOffer(media: MediaDescription): RtpTrackOffer | undefined {
  if (!/^RTP\/AVPF?(?:\/(?:UDP|TCP))?$/i.test(media.protocol)) return undefined;
  const maps = sdpRtpmaps(media);
  for (const format of media.formats) {
    const payloadType = /^\d{1,3}$/.test(format) ? Number(format) : 128;
    const map = maps.find((each) => each.payloadType === payloadType) ?? STATIC.get(payloadType);
    if (map === undefined || payloadType > 127) continue;
    const encoding = map.encoding.toUpperCase();
    const carried = CARRIED.get(encoding);
    if (carried?.kind !== media.media.toLowerCase() || carried.clockRate !== map.clockRate) continue;
    const parameters = parametersOf(media, payloadType);
    return {
      kind: carried.kind,
      encoding,
      clockRate: map.clockRate,
      ...(encoding === 'OPUS' ? { channels: 2 } : {}),
      payloadType,
      ...(parameters === undefined ? {} : { parameters }),
    };
  }
  return undefined;
}

function parametersOf(media: MediaDescription, payloadType: number): string | undefined {
  for (const value of sdpAttributes(media, 'fmtp')) {
    const [, number, parameters] = /^(\d{1,3})[ \t]+(.+)$/.exec(value) ?? [];
    if (Number(number) === payloadType) return parameters;
  }
  return undefined;
}

function nameOf(media: MediaDescription): string {
  const encoding = sdpRtpmaps(media)[0]?.encoding ?? media.formats[0] ?? '';
  return `${encoding} ${media.media}`
    .replaceAll(/[^\w .+-]/g, '')
    .slice(0, MAX_NAME_CHARS)
    .trim();
}
