import { parseDescription, type DescribedTrack } from '../description.ts';
import type { RtspRequest, RtspResponse } from '../message.ts';
import { parseTarget } from '../url.ts';

/** What players of ours can decode, for people. */
const CARRIED = 'H264, VP8, VP9, AV1, OPUS, PCMA and PCMU';
/** Names that people know better. */
const KNOWN_AS: ReadonlyMap<string, string> = new Map([
  ['MPEG4-GENERIC', 'AAC'],
  ['MP4A-LATM', 'AAC'],
  ['MP4V-ES', 'MPEG-4'],
  ['MPA', 'MP3'],
]);

/** What a publisher announces (RFC 2326 §10.3): all of it can be carried. */
export interface Announcement {
  readonly tracks: readonly DescribedTrack[];
}

/** Reads the body of an ANNOUNCE; the response that refuses it says why. Never throws. */
export function readAnnouncement({ headers, body }: RtspRequest): Announcement | RtspResponse {
  const type = headers.get('content-type') ?? 'application/sdp';
  if (!/^application\/sdp\s*(?:;|$)/i.test(type)) return refuse(415, `the body is ${type}, not application/sdp`);
  const description = parseDescription(body.toString('utf8'));
  if (typeof description === 'string') return refuse(400, `the description cannot be read: ${description}`);
  const { tracks, omitted } = description;
  if (omitted.length > 0) return refuse(415, `${omitted.map(nameOf).join(', ')} cannot be carried, only ${CARRIED}`);
  return tracks.length === 0 ? refuse(415, 'neither video nor audio is announced') : { tracks };
}

function refuse(status: 400 | 415, reason: string): RtspResponse {
  return { status, reason };
}

/** `AAC audio (MPEG4-GENERIC)`. */
function nameOf(omitted: string): string {
  const [encoding = '', kind = ''] = omitted.split(' ');
  const known = KNOWN_AS.get(encoding.toUpperCase());
  return known === undefined ? omitted : `${known} ${kind} (${encoding})`;
}

/** The track whose control URL a SETUP names, and the stream that the rest of the URL names (RFC 2326 appendix C.1.1). */
export function findTrack(
  uri: string,
  tracks: readonly DescribedTrack[],
): { readonly track: number; readonly stream: string | undefined } | undefined {
  for (const [track, { control }] of tracks.entries()) {
    if (control === undefined || control === '' || control === '*') continue;
    if (uri === control) return { track, stream: undefined };
    // A query may stand before what the client appends, or behind it.
    const at = uri.lastIndexOf(`/${control}`);
    const rest = at < 0 ? undefined : uri.slice(at + 1 + control.length);
    if (rest === undefined || !/^\/?(?:$|\?)/.test(rest)) continue;
    return { track, stream: parseTarget(`${uri.slice(0, at)}${rest}`)?.stream };
  }
  return tracks.length === 1 ? { track: 0, stream: parseTarget(uri)?.stream } : undefined;
}
