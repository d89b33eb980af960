import type {
  MediaDescription,
  SdpConnection,
  SdpDirection,
  SdpOrigin,
  SdpRtpmap,
  SdpSection,
  SdpTiming,
  SessionDescription,
} from './types.ts';

/** Value of the first line of a type in one section. */
export function sdpValue(section: SdpSection, type: string): string | undefined {
  return section.lines.find((line) => line.type === type)?.value;
}

/** First value of a type anywhere, the session level first: for lines that devices put where they like. */
export function findSdpValue(description: SessionDescription, type: string): string | undefined {
  for (const section of [description, ...description.media]) {
    const value = sdpValue(section, type);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Values of every `a=<name>[:<value>]` of a section; empty text for a property attribute (RFC 8866 §5.13). */
export function sdpAttributes(section: SdpSection, name: string): string[] {
  const values: string[] = [];
  for (const line of section.lines) {
    if (line.type !== 'a') continue;
    const colon = line.value.indexOf(':');
    const found = (colon < 0 ? line.value : line.value.slice(0, colon)).trim();
    if (found.toLowerCase() === name.toLowerCase()) values.push(colon < 0 ? '' : line.value.slice(colon + 1).trim());
  }
  return values;
}

/** First value of an attribute; with a fallback section (the session level) where the first has none. */
export function sdpAttribute(section: SdpSection, name: string, fallback?: SdpSection): string | undefined {
  const own = sdpAttributes(section, name)[0];
  if (own !== undefined || fallback === undefined) return own;
  return sdpAttributes(fallback, name)[0];
}

/** RFC 8866 §5.2; missing parts are empty texts. */
export function sdpOrigin(description: SessionDescription): SdpOrigin | undefined {
  const value = sdpValue(description, 'o');
  if (value === undefined) return undefined;
  const [username = '', sessionId = '', sessionVersion = '', netType = '', addressType = '', address = ''] =
    value.split(/[ \t]+/);
  return { username, sessionId, sessionVersion, netType, addressType, address };
}

/** RFC 8866 §5.7: the media description's own `c=`, else that of the session. */
export function sdpConnection(description: SessionDescription, media?: MediaDescription): SdpConnection | undefined {
  const value = (media === undefined ? undefined : sdpValue(media, 'c')) ?? sdpValue(description, 'c');
  if (value === undefined) return undefined;
  const [netType = '', addressType = '', address = ''] = value.split(/[ \t]+/);
  return { netType, addressType, address: address.split('/', 1)[0] ?? '' };
}

/** First `t=` line, RFC 8866 §5.9. */
export function sdpTiming(description: SessionDescription): SdpTiming | undefined {
  const match = /^(\d+)[ \t]+(\d+)/.exec(findSdpValue(description, 't') ?? '');
  if (match === null) return undefined;
  return { start: Number(match[1]), stop: Number(match[2]) };
}

/** RFC 8866 §6.6, e.g. `96 PS/90000` and `8 PCMA/8000/1`; malformed ones are left out. */
export function sdpRtpmaps(media: MediaDescription): SdpRtpmap[] {
  const maps: SdpRtpmap[] = [];
  for (const value of sdpAttributes(media, 'rtpmap')) {
    const match = /^(\d{1,3})[ \t]+([^/ \t]+)[ \t]*\/[ \t]*(\d{1,9})(?:\/(.+))?/.exec(value);
    if (match === null) continue;
    const [, payloadType, encoding = '', clockRate, parameters] = match;
    maps.push({
      payloadType: Number(payloadType),
      encoding,
      clockRate: Number(clockRate),
      ...(parameters !== undefined && { parameters: parameters.trim() }),
    });
  }
  return maps;
}

const DIRECTIONS: readonly SdpDirection[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/** RFC 8866 §6.7: of the media description, else of the session, else `sendrecv`. */
export function sdpDirection(description: SessionDescription, media: MediaDescription): SdpDirection {
  for (const section of [media, description]) {
    const found = DIRECTIONS.find((direction) => sdpAttributes(section, direction).length > 0);
    if (found !== undefined) return found;
  }
  return 'sendrecv';
}
