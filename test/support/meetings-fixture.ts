import { createRoomRights } from '../../src/api/index.ts';
import { createMeetings, type MeetingOptions, type Meetings } from '../../src/rooms/meeting/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import type { FakeStreams } from './fake-streams.ts';

export const ROOM_KEY = new Uint8Array(32).fill(7);

const MEETING: MeetingOptions = {
  location: '/meeting',
  limits: {
    idleTimeoutMs: 60_000,
    messageTimeoutMs: 0,
    maxPayloadBytes: 131_072,
    maxBackpressureBytes: 1_048_576,
    messageRate: 200,
    maxConnections: 10_000,
    ordered: true,
  },
  graceMs: 10_000,
  maxMembers: 500,
  nodeTimeoutMs: 15_000,
  media: { ws: { port: 8889, path: '/' }, http: { port: 8889, path: '/' }, rtsp: { port: 8554, path: '/' } },
  host: '203.0.113.5',
};

/** A MeetingServer over fake streams; tokens are not looked at unless asked for. */
export function openMeetings(streams: FakeStreams, options: Partial<MeetingOptions> = {}, tokens = false): Meetings {
  const rights = createRoomRights(ROOM_KEY, tokens);
  return createMeetings({ ...MEETING, ...options }, { rights, streams, log: silentLogger });
}
