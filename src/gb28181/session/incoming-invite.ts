import type { SipRequest } from '../../sip/index.ts';
import { parseGbSdp, type GbSdp } from '../gb-sdp.ts';
import { isUsableId } from '../ids.ts';
import { userOf } from '../sip-fields.ts';
import { parseSubject } from '../subject.ts';

/** Session names of GB/T 28181 (`s=`, 13.3). */
export type SessionKind = 'Play' | 'Playback' | 'Download' | 'Talk';

/** What an INVITE of somebody else asks us for. */
export interface AskedMedia {
  readonly kind: SessionKind;
  /** Channel or device; empty where the request names nothing but ourselves. */
  readonly channelId: string;
  /** Where the ID was found; `From`: the sender itself is meant. */
  readonly namedBy: 'Subject' | 'Request-URI' | 'SDP' | 'From' | 'nothing';
  /** Whether this platform has the channel. */
  readonly known: boolean;
}

/** What the platform knows about the sender and itself. */
export interface InviteContext {
  /** Our own ID names no channel: upper platforms put it into the request line (quirks 2.1). */
  readonly serial: string;
  /** ID of the device that sends the request, where it is one of ours. */
  readonly senderId?: string;
  readonly isKnown: (id: string) => boolean;
}

type Candidate = readonly [id: string, namedBy: AskedMedia['namedBy']];

const KINDS: ReadonlyMap<string, SessionKind> = new Map([
  ['play', 'Play'],
  ['playback', 'Playback'],
  ['download', 'Download'],
  ['talk', 'Talk'],
]);
/** Lines that may hold a name of any kind are believed only where it can be no other. */
const LONG_ID = /^\d{18,20}$/;

/**
 * Reads an INVITE that we did not ask for: Subject, else Request-URI, else SDP, the first that names a channel we have
 * (quirks P15). A device that offers sound wants to talk, whatever it writes: it is told by its address and From, since
 * Subject names the platform, a voice source or nothing (quirks P14). Never throws.
 */
export function askedMedia(
  { uri, headers, body }: Pick<SipRequest, 'uri' | 'headers' | 'body'>,
  { serial, senderId, isKnown }: InviteContext,
): AskedMedia {
  const parsed = parseGbSdp(body);
  const sdp = typeof parsed === 'string' ? undefined : parsed;
  const kind = kindOf(sdp, senderId !== undefined);
  const subject = parseSubject(headers.get('Subject') ?? '');
  const candidates: Candidate[] = [
    [subject.senderId, 'Subject'],
    // In a talk the device is the receiver (GB/T 28181 12.1); in all else that is who asks.
    [kind === 'Talk' ? subject.receiverId : '', 'Subject'],
    [userOf(uri) ?? '', 'Request-URI'],
    ...sdpCandidates(sdp),
  ];
  const named = candidates.filter(([id]) => id !== serial && /[A-Za-z0-9]/.test(id) && isUsableId(id));
  const known = named.find(([id]) => isKnown(id));
  if (known !== undefined) return { kind, channelId: known[0], namedBy: known[1], known: true };
  if (senderId !== undefined && (kind === 'Talk' || named.length === 0))
    return { kind, channelId: senderId, namedBy: 'From', known: true };
  const [channelId, namedBy] = named[0] ?? ['', 'nothing'];
  return { kind, channelId, namedBy, known: false };
}

/** `s=`, or where it says nothing of use the time that is asked for. */
function kindOf(sdp: GbSdp | undefined, fromDevice: boolean): SessionKind {
  if (sdp === undefined) return 'Play';
  if (fromDevice && sdp.media === 'audio') return 'Talk';
  return KINDS.get(sdp.sessionName.trim().toLowerCase()) ?? (sdp.start > 0 ? 'Playback' : 'Play');
}

/** `u=` is `<id>:<type>` and there for recordings only; `o=` and `s=` hold an ID with some platforms. */
function sdpCandidates(sdp: GbSdp | undefined): Candidate[] {
  if (sdp === undefined) return [];
  const media = /^\s*(?:sips?:)?([^:@\s]{1,32})/i.exec(sdp.uri ?? '')?.[1] ?? '';
  const others = [sdp.originId, sdp.sessionName].map((text) => text.trim()).filter((text) => LONG_ID.test(text));
  return [media, ...others].map((id) => [id, 'SDP']);
}
