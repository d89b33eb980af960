// Messages of the MeetingServer, docs/protocols/meeting.md.

/** `camera`: one that the gateway has brought in; nobody joins as such. */
export type MeetingRole = 'normal' | 'recorder' | 'relayer' | 'camera';
export type StreamType = 'camera' | 'desktop';

/** Of one endpoint. */
const MAX_STREAMS = 16;
const ROLES: readonly MeetingRole[] = ['normal', 'recorder', 'relayer', 'camera'];

/** What `stream.add` declares and `channel.dump` lists. */
export interface MeetingStream {
  readonly stream_id: string;
  readonly type: StreamType;
  readonly has_video: boolean;
  readonly has_audio: boolean;
  readonly audio_codec: string;
  readonly video_codec: string;
}

export interface MeetingEndpoint {
  readonly endpoint: string;
  readonly device: string;
  readonly role: MeetingRole;
  readonly streams: readonly MeetingStream[];
}

export interface MeetingReply {
  readonly cseq: number;
  readonly err: number;
  readonly message: string;
  readonly session: string;
  readonly data: Fields;
}

export type MeetingEvent =
  | { readonly event: 'stream'; readonly endpoint: string; readonly stream: string; readonly published: boolean }
  | { readonly event: 'endpoint'; readonly endpoint: string; readonly joined: boolean }
  | { readonly event: 'error'; readonly type: string }
  | { readonly event: 'broadcast'; readonly endpoint: string; readonly payload: Fields };

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

function toEvent(name: string, data: Fields): MeetingEvent | undefined {
  const endpoint = text(data['endpoint']);
  switch (name) {
    case 'stream':
      return { event: 'stream', endpoint, stream: text(data['stream']), published: data['stat'] === 'publish' };
    case 'endpoint':
      return { event: 'endpoint', endpoint, joined: data['stat'] === 'join' };
    case 'error':
      return { event: 'error', type: text(data['type']) };
    case 'broadcast': {
      const source = fields(data['source_endpoint']);
      return { event: 'broadcast', endpoint: text(source['endpoint']), payload: fields(data['payload']) };
    }
    default:
      return undefined;
  }
}

/** One message of the server; undefined for what this version of the protocol does not have. */
export function parseMeetingMessage(raw: string): MeetingReply | MeetingEvent | undefined {
  let message: Fields;
  try {
    message = fields(JSON.parse(raw));
  } catch {
    return undefined;
  }
  const data = fields(message['data']);
  if (typeof message['event'] === 'string') return toEvent(message['event'], data);
  if (typeof message['err'] !== 'number') return undefined;
  // At the top, or in `data` as in the reply to the join.
  const session = text(message['session']) || text(data['session']);
  return { cseq: number(message['cseq']), err: message['err'], message: text(message['err_msg']), session, data };
}

function toStream(value: unknown): MeetingStream | undefined {
  const stream = fields(value);
  const id = text(stream['stream_id']);
  if (id === '') return undefined;
  return {
    stream_id: id,
    type: stream['type'] === 'desktop' ? 'desktop' : 'camera',
    has_video: stream['has_video'] === true,
    has_audio: stream['has_audio'] === true,
    audio_codec: text(stream['audio_codec']),
    video_codec: text(stream['video_codec']),
  };
}

/** An entry names its one stream; with several, `streams` has all of them. */
function toStreams(entry: Fields): MeetingStream[] {
  const several = Array.isArray(entry['streams']) ? (entry['streams'] as unknown[]) : [];
  const streams = (several.length > 0 ? several : [entry['stream']]).flatMap((value) => toStream(value) ?? []);
  const byId = new Map(streams.map((stream) => [stream.stream_id, stream]));
  return [...byId.values()].slice(0, MAX_STREAMS);
}

/** `endpoint_list` of a dump. */
export function toEndpoints(data: Fields): MeetingEndpoint[] {
  const list = Array.isArray(data['endpoint_list']) ? (data['endpoint_list'] as unknown[]) : [];
  return list.map(fields).flatMap((entry) => {
    const endpoint = text(entry['endpoint']);
    if (endpoint === '') return [];
    const role = ROLES.find((known) => known === entry['role']) ?? 'normal';
    return [{ endpoint, device: text(entry['device']), role, streams: toStreams(entry) }];
  });
}

/** The member's token for media at the gateway; undefined where none is needed. */
export function mediaToken(data: Fields): string | undefined {
  return text(data['media_token']) || undefined;
}
