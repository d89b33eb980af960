import type { StreamSnapshot, ViewerSnapshot } from '../../stream/index.ts';
import { splitStream } from '../public-address.ts';

type VideoTrack = NonNullable<StreamSnapshot['video']>;
type AudioTrack = NonNullable<StreamSnapshot['audio']>;

const CODEC_NAMES: Readonly<Record<string, string>> = {
  h264: 'H264',
  h265: 'HEVC',
  vp8: 'VP8',
  vp9: 'VP9',
  av1: 'AV1',
  mpeg4: 'MPEG4',
  svac: 'SVAC',
  pcma: 'PCMA',
  pcmu: 'PCMU',
  aac: 'AAC',
  g722: 'G722',
  opus: 'Opus',
};

const PROFILES: Readonly<Record<string, string>> = {
  '42': 'Baseline',
  '4d': 'Main',
  '58': 'Extended',
  '64': 'High',
};

function videoView(track: VideoTrack | undefined): Record<string, unknown> | null {
  if (track === undefined) return null;
  const id = track.profileLevelId?.toLowerCase() ?? '';
  const level = Number.parseInt(id.slice(4, 6), 16);
  return {
    codec: CODEC_NAMES[track.codec] ?? track.codec,
    profile: PROFILES[id.slice(0, 2)] ?? '',
    level: Number.isNaN(level) ? '' : String(level / 10),
    width: track.width ?? 0,
    height: track.height ?? 0,
  };
}

function audioView(track: AudioTrack | undefined): Record<string, unknown> | null {
  if (track === undefined) return null;
  return {
    codec: CODEC_NAMES[track.codec] ?? track.codec,
    sample_rate: track.sampleRate,
    channel: track.channels,
    profile: '',
  };
}

const sentBytes = (viewers: readonly ViewerSnapshot[]): number =>
  viewers.reduce((sum, { bytesSent }) => sum + bytesSent, 0);

/** Average since the beginning: SRS tells 30 s windows, which nobody keeps here. */
function kbps(bytes: number, sinceMs: number, now: number): number {
  return Math.round((bytes * 8) / Math.max(1, now - sinceMs));
}

/** A stream as SRS lists it; `clients` counts the publisher, which its console takes off again. */
export function streamView(stream: StreamSnapshot, host: string, now: number): Record<string, unknown> {
  const { app, name } = splitStream(stream.name);
  const sent = sentBytes(stream.viewers);
  return {
    id: stream.playId,
    name,
    vhost: '__defaultVhost__',
    app,
    tcUrl: `rtmp://${host}/${app}`,
    url: `/${app}/${name}`,
    live_ms: stream.createdAt,
    clients: stream.viewers.length + rtspPlayers(stream).length + 1,
    frames: stream.stats.frames,
    send_bytes: sent,
    recv_bytes: stream.stats.bytes,
    kbps: {
      recv_30s: Math.round(stream.stats.bitrateBps / 1000),
      send_30s: kbps(sent, stream.createdAt, now),
    },
    publish: { active: stream.state === 'playing', cid: publisherId(stream) },
    video: videoView(stream.video),
    audio: audioView(stream.audio),
    gbrtc: stream,
  };
}

const rtspPlayers = ({ readers }: StreamSnapshot): StreamSnapshot['readers'] =>
  readers.filter(({ protocol }) => protocol === 'rtsp');

const publisherId = (stream: StreamSnapshot): string => stream.publisher?.id ?? `publisher-${stream.playId}`;

interface ClientFields {
  readonly id: string;
  readonly ip: string;
  readonly type: string;
  readonly publish: boolean;
  readonly since: number;
  readonly sent: number;
  readonly received: number;
  readonly receivedKbps: number;
}

function clientView(stream: StreamSnapshot, host: string, now: number, client: ClientFields): Record<string, unknown> {
  const { app, name } = splitStream(stream.name);
  return {
    id: client.id,
    vhost: '__defaultVhost__',
    stream: stream.playId,
    ip: client.ip,
    pageUrl: '',
    swfUrl: '',
    tcUrl: `rtmp://${host}/${app}`,
    url: `/${app}/${name}`,
    name,
    type: client.type,
    publish: client.publish,
    alive: Math.max(0, now - client.since) / 1000,
    send_bytes: client.sent,
    recv_bytes: client.received,
    kbps: { recv_30s: client.receivedKbps, send_30s: kbps(client.sent, client.since, now) },
  };
}

/** The camera or the browser as publisher and each viewer, as SRS lists clients. */
export function clientViews(stream: StreamSnapshot, host: string, now: number): Record<string, unknown>[] {
  const publisher: ClientFields = {
    id: publisherId(stream),
    ip: stream.publisher?.remoteAddress ?? '',
    type: stream.publisher === undefined ? 'gb28181-publish' : 'rtc-publish',
    publish: true,
    since: stream.createdAt,
    sent: 0,
    received: stream.stats.bytes,
    receivedKbps: Math.round(stream.stats.bitrateBps / 1000),
  };
  const viewers = stream.viewers.map((viewer): ClientFields => ({
    id: viewer.id,
    ip: viewer.remoteAddress,
    type: 'rtc-play',
    publish: false,
    since: viewer.createdAt,
    sent: viewer.bytesSent,
    received: 0,
    receivedKbps: 0,
  }));
  const players = rtspPlayers(stream).map((player): ClientFields => ({
    id: player.id,
    ip: player.remoteAddress,
    type: 'rtsp-play',
    publish: false,
    since: player.createdAt,
    sent: 0,
    received: 0,
    receivedKbps: 0,
  }));
  return [publisher, ...viewers, ...players].map((client) => clientView(stream, host, now, client));
}
