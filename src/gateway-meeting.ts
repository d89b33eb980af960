import type { Config } from './config/index.ts';
import { limitsOf } from './gateway-rooms.ts';
import { createMeetings, type MeetingOptions, type MeetingRights, type Meetings } from './rooms/meeting/index.ts';
import type { Streams } from './stream/index.ts';
import type { Logger } from './util/index.ts';

interface MeetingSides {
  readonly streams: Streams;
  readonly rights: MeetingRights;
  /** Of this machine, most likely first. */
  readonly addresses: readonly string[];
  readonly log: Logger;
}

/** Where members reach our media: pms by WebSocket and by HTTP POST, and RTSP. */
function mediaPorts({ pms, rtsp }: Config): MeetingOptions['media'] {
  const plain = pms.ssl ? 0 : pms.port;
  const secure = pms.sslPort === 0 && pms.ssl ? pms.port : pms.sslPort;
  const at = (port: number, path: string) => (port === 0 ? undefined : { port, path });
  const entries = Object.entries({
    wss: at(secure, pms.location),
    ws: at(plain, pms.location),
    https: at(pms.httpSslPort === 0 ? secure : pms.httpSslPort, pms.location),
    http: at(pms.httpPort === 0 ? plain : pms.httpPort, pms.location),
    rtsp: at(rtsp.port, '/'),
  });
  return Object.fromEntries(entries.filter(([, port]) => port !== undefined));
}

/** The MeetingServer; `openRooms` gives it its connections. */
export function openMeetings(config: Config, { streams, rights, addresses, log }: MeetingSides): Meetings {
  const { meeting } = config;
  return createMeetings(
    {
      location: meeting.location,
      limits: limitsOf(config),
      graceMs: meeting['grace-time'],
      maxMembers: meeting['max-members'],
      nodeTimeoutMs: meeting['node-timeout'],
      media: mediaPorts(config),
      host: addresses[0] ?? '127.0.0.1',
    },
    { streams, rights, log },
  );
}
