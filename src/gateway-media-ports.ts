import { createStreamRights } from './api/index.ts';
import type { Config, Secrets } from './config/index.ts';
import { createPms, createRecordCommands, type Pms, type RecordCommands } from './pms/index.ts';
import type { Recordings } from './record/index.ts';
import type { Meetings } from './rooms/meeting/index.ts';
import { createRtspServer, type RtspAccount, type RtspServer } from './rtsp/index.ts';
import type { Streams } from './stream/index.ts';
import type { Logger } from './util/index.ts';
import { webSocketListen } from './listen-ports.ts';
import type { WebSocketListen } from './websocket/index.ts';

/** What media ports serve, and to whom. */
interface Served {
  readonly secrets: Secrets;
  readonly streams: Streams;
  readonly recordings: Recordings;
  readonly meetings: Meetings;
}

/** RTSP for players and publishers. */
export function openRtsp({ rtsp }: Config, { secrets, streams, meetings }: Served, log: Logger): Promise<RtspServer> {
  const rights = createStreamRights(secrets.signingKey, true, meetings);
  const account = (right: 'play' | 'publish', username: string, password: string): RtspAccount => ({
    username,
    password,
    checkToken: async (token, name) => (await rights.check(token, right, name)) === 'ok',
    memberOf: (token) => rights.memberOf(token),
  });
  const { enable, username, password } = rtsp.auth;
  const publish = account('publish', rtsp.auth['publish-username'], rtsp.auth['publish-password']);
  return createRtspServer(
    {
      address: rtsp.host,
      port: rtsp.port,
      auth: { enable, ...account('play', username, password), publish },
    },
    { streams, log },
  );
}

/** Ports of the pms signalling; empty where it is off. */
function pmsPorts({ pms }: Config): WebSocketListen[] {
  return webSocketListen(
    [
      { port: pms.port, secure: pms.ssl },
      { port: pms.sslPort, secure: true },
      { port: pms.httpPort, secure: false },
      { port: pms.httpSslPort, secure: true },
    ],
    { address: pms.listenIp, keyFile: pms.keyFile, certFile: pms.certFile, passPhrase: pms.passPhrase },
  );
}

/** record.start and record.stop by HTTP POST. */
export function openRecordCommands(
  { record, pms, http }: Config,
  { secrets, recordings, meetings }: Served,
  log: Logger,
): Promise<RecordCommands> {
  const { enable } = http.auth;
  return createRecordCommands(
    {
      address: record.listenIp,
      port: record.cmdPort,
      messageRate: pms.messageRate,
      allowPages: enable,
      trustedProxies: http['trusted-proxies'],
    },
    { recordings, rights: createStreamRights(secrets.signingKey, enable, meetings), log },
  );
}

/** pms on all its ports. */
export async function openPms(config: Config, served: Served, log: Logger): Promise<Pms> {
  const { pms, http } = config;
  return createPms(
    {
      listen: pmsPorts(config),
      location: pms.location,
      idleTimeoutMs: pms.idleTimeout,
      heartbeatTimeoutMs: pms.heartbeatTimeout,
      maxPayloadBytes: pms.maxPayloadLength,
      maxBackpressureBytes: pms.maxBackpressure,
      messageRate: pms.messageRate,
      trustedProxies: http['trusted-proxies'],
    },
    {
      streams: served.streams,
      recordings: served.recordings,
      rights: createStreamRights(served.secrets.signingKey, http.auth.enable, served.meetings),
      log,
    },
  );
}
