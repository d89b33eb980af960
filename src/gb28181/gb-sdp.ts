import {
  findSdpValue,
  formatSdp,
  parseSdp,
  sdpAttribute,
  sdpConnection,
  sdpDirection,
  sdpOrigin,
  sdpRtpmaps,
  sdpTiming,
  sdpValue,
  type MediaDescription,
  type SdpDirection,
  type SdpFault,
  type SdpLine,
  type SessionDescription,
} from '../sdp/index.ts';
import { decodeText } from './charset.ts';
import { parseSsrc } from './ssrc.ts';

/** `Application/SDP` as devices compare it (GB/T 28181 2.5). */
export const SDP_CONTENT_TYPE = 'Application/SDP';

export interface GbPayload {
  readonly payloadType: number;
  /** Upper case, e.g. `PS`, `H264`, `PCMA`. */
  readonly encoding: string;
}

/** An `a=` line as name and value; an empty value writes only the name. */
export type GbAttribute = readonly [name: string, value: string];

/** A session description of GB/T 28181 13.3, offer or answer. */
export interface GbSdp {
  /** User name of `o=`: channel in offers, device in answers. */
  readonly originId: string;
  /** `Play`, `Playback`, `Download`, … never checked. */
  readonly sessionName: string;
  /** `u=`, e.g. `34020000001320000001:0`. */
  readonly uri?: string;
  /** Address of `c=`, else of `o=`; empty when neither tells one. */
  readonly address: string;
  /** Unix seconds; 0 0 is live. */
  readonly start: number;
  readonly stop: number;
  readonly media: 'video' | 'audio';
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
  readonly payloads: readonly GbPayload[];
  readonly setup?: 'active' | 'passive';
  readonly direction: SdpDirection;
  /** Numeric `y=`; absent where missing or zero. */
  readonly ssrc?: number;
  /** `f=` as written; absent where missing or empty. */
  readonly format?: string;
  /** Every other `a=` of the media description. */
  readonly attributes: readonly GbAttribute[];
}

export type GbSdpFault = SdpFault | 'no_media';

/** Encodings of the static payload types that devices send without rtpmap (RFC 3551 6). */
const STATIC_PAYLOADS: ReadonlyMap<number, string> = new Map([
  [0, 'PCMU'],
  [4, 'G723'],
  [8, 'PCMA'],
  [9, 'G722'],
  [18, 'G729'],
]);
/** Types that GB/T 28181 13.3 gives an encoding to; used where a device leaves rtpmap out. */
const CUSTOMARY_PAYLOADS: ReadonlyMap<number, string> = new Map([
  [96, 'PS'],
  [97, 'MPEG4'],
  [98, 'H264'],
]);
const OWN_ATTRIBUTES: ReadonlySet<string> = new Set([
  'rtpmap',
  'setup',
  'connection',
  'recvonly',
  'sendonly',
  'sendrecv',
  'inactive',
]);
/** Some answers carry the device's own account. */
const SECRET_ATTRIBUTES: ReadonlySet<string> = new Set(['username', 'password']);

/** Reads an offer or answer; devices' deviations of order, line ends and missing lines are taken in. */
export function parseGbSdp(body: Buffer | string): GbSdp | GbSdpFault {
  const description = parseSdp(typeof body === 'string' ? body : decodeText(body));
  if (typeof description === 'string') return description;
  // A disabled section (port 0 beside another one) is no use; talk answers have two.
  const media = pickMedia(description);
  if (media === undefined) return 'no_media';
  return { ...sessionPart(description, media), ...mediaPart(description, media) };
}

function pickMedia(description: SessionDescription): MediaDescription | undefined {
  const known = description.media.filter((each) => /^(?:video|audio)$/i.test(each.media));
  const order = [
    known.find((each) => each.media.toLowerCase() === 'video' && each.port > 0),
    known.find((each) => each.port > 0),
    known[0],
  ];
  return order.find((each) => each !== undefined);
}

function sessionPart(
  description: SessionDescription,
  media: MediaDescription,
): Pick<GbSdp, 'originId' | 'sessionName' | 'uri' | 'address' | 'start' | 'stop'> {
  const origin = sdpOrigin(description);
  const uri = findSdpValue(description, 'u');
  const connection = sdpConnection(description, media)?.address ?? '';
  const { start = 0, stop = 0 } = sdpTiming(description) ?? {};
  return {
    originId: origin?.username ?? '',
    sessionName: sdpValue(description, 's') ?? '',
    ...(uri !== undefined && { uri }),
    address: connection === '' ? (origin?.address ?? '') : connection,
    start,
    stop,
  };
}

function mediaPart(
  description: SessionDescription,
  media: MediaDescription,
): Omit<GbSdp, 'originId' | 'sessionName' | 'uri' | 'address' | 'start' | 'stop'> {
  const setup = sdpAttribute(media, 'setup', description)?.toLowerCase();
  const ssrc = parseSsrc(findSdpValue(description, 'y'));
  const format = findSdpValue(description, 'f');
  return {
    media: media.media.toLowerCase() === 'audio' ? 'audio' : 'video',
    port: media.port,
    transport: /tcp/i.test(media.protocol) ? 'tcp' : 'udp',
    payloads: payloadsOf(media),
    ...((setup === 'active' || setup === 'passive') && { setup }),
    direction: sdpDirection(description, media),
    ...(ssrc !== undefined && { ssrc }),
    ...(format !== undefined && format !== '' && { format }),
    attributes: otherAttributes(media),
  };
}

function payloadsOf(media: MediaDescription): GbPayload[] {
  const maps = sdpRtpmaps(media);
  const payloads: GbPayload[] = [];
  const add = (payloadType: number): void => {
    if (payloads.some((each) => each.payloadType === payloadType)) return;
    const mapped = maps.find((each) => each.payloadType === payloadType)?.encoding.toUpperCase();
    const encoding = mapped ?? STATIC_PAYLOADS.get(payloadType) ?? CUSTOMARY_PAYLOADS.get(payloadType) ?? '';
    payloads.push({ payloadType, encoding });
  };
  for (const format of media.formats) if (/^\d{1,3}$/.test(format) && Number(format) < 128) add(Number(format));
  // Some answers list a type only in rtpmap.
  for (const map of maps) if (map.payloadType < 128) add(map.payloadType);
  return payloads;
}

function otherAttributes(media: MediaDescription): GbAttribute[] {
  const attributes: GbAttribute[] = [];
  for (const { type, value } of media.lines) {
    if (type !== 'a') continue;
    const colon = value.indexOf(':');
    const name = (colon < 0 ? value : value.slice(0, colon)).trim();
    const lower = name.toLowerCase();
    if (OWN_ATTRIBUTES.has(lower) || SECRET_ATTRIBUTES.has(lower)) continue;
    attributes.push([name, colon < 0 ? '' : value.slice(colon + 1).trim()]);
  }
  return attributes;
}

/** What `formatGbSdp` writes; `ssrcText` is the ten digits of `y=`. */
export type GbSdpParts = Omit<GbSdp, 'ssrc' | 'attributes'> & {
  readonly ssrcText?: string;
  readonly attributes?: readonly GbAttribute[];
};

/**
 * Writes an offer or answer in the order that strict devices want (GB/T 28181 13.3): `u=` between `s=` and `c=`,
 * every `a=` behind `m=`, then `y=`, then `f=`; no blank lines.
 */
export function formatGbSdp(parts: GbSdpParts): string {
  const family = parts.address.includes(':') ? 'IP6' : 'IP4';
  const line = (type: string, value: string): SdpLine => ({ type, value });
  const attribute = (name: string, value = ''): SdpLine => line('a', value === '' ? name : `${name}:${value}`);
  const lines = [
    line('v', '0'),
    line('o', `${parts.originId} 0 0 IN ${family} ${parts.address}`),
    line('s', parts.sessionName),
    ...(parts.uri === undefined ? [] : [line('u', parts.uri)]),
    line('c', `IN ${family} ${parts.address}`),
    line('t', `${parts.start} ${parts.stop}`),
  ];
  const mediaLines = [
    attribute(parts.direction),
    ...parts.payloads.map(({ payloadType, encoding }) =>
      attribute('rtpmap', `${payloadType} ${encoding}/${clockRateOf(encoding)}`),
    ),
    ...(parts.transport === 'tcp' && parts.setup !== undefined
      ? [attribute('setup', parts.setup), attribute('connection', 'new')]
      : []),
    ...(parts.attributes ?? []).map(([name, value]) => attribute(name, value)),
    ...(parts.ssrcText === undefined ? [] : [line('y', parts.ssrcText)]),
    ...(parts.format === undefined ? [] : [line('f', parts.format)]),
  ];
  const media: MediaDescription = {
    media: parts.media,
    port: parts.port,
    protocol: parts.transport === 'tcp' ? 'TCP/RTP/AVP' : 'RTP/AVP',
    formats: parts.payloads.map(({ payloadType }) => String(payloadType)),
    lines: mediaLines,
  };
  return formatSdp({ lines, media: [media] });
}

function clockRateOf(encoding: string): number {
  return /^(?:PCMA|PCMU|G72|G711)/i.test(encoding) ? 8_000 : 90_000;
}
