import type { Config, Secrets } from './config/index.ts';
import { createRoomRights } from './api/index.ts';
import { openActors, type ActorSides } from './gateway-actors.ts';
import type { RoomActors } from './rooms/actors/index.ts';
import { createCalls, type Calls } from './rooms/call/index.ts';
import { createIce, type Ice } from './rooms/ice/index.ts';
import type { CallRecords } from './rooms/index.ts';
import { about } from './start-error.ts';
import type { Logger } from './util/index.ts';
import { webSocketListen } from './listen-ports.ts';
import {
  createWebSocketHub,
  openWebSocketPorts,
  type PeerLimits,
  type PostRoute,
  type WebSocketHub,
  type WebSocketPorts,
  type WebSocketProtocol,
} from './websocket/index.ts';

interface RoomsParts extends ActorSides {
  readonly config: Config;
  readonly secrets: Secrets;
  /** Where calls are kept. */
  readonly records: CallRecords;
}

/** Both room protocols, on ports of their own and for the paths of the HTTP side. */
export interface Rooms {
  readonly hub: WebSocketHub;
  readonly calls: Calls;
  readonly actors: RoomActors;
  readonly ice: Ice;
  /** Idempotent. */
  close(): Promise<void>;
}

function openPorts({ rooms }: Config, hub: WebSocketHub, log: Logger): Promise<WebSocketPorts> {
  const listen = webSocketListen(
    [
      { port: rooms.port, secure: false },
      { port: rooms['ssl-port'], secure: true },
    ],
    {
      address: rooms.host,
      keyFile: rooms['key-file'],
      certFile: rooms['cert-file'],
      passPhrase: rooms['pass-phrase'],
    },
  );
  return openWebSocketPorts(listen, hub, log);
}

/** Of servers of the configuration, as seed 002 §6.3 has them. */
const ICE_POLICIES = { iceType: '', bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require', iceTransportPolicy: 'all' };

function openIce({ ice, http, rooms }: Config, log: Logger): Promise<Ice> {
  return createIce(
    {
      servers: ice.servers.map((server) => ({
        ...ICE_POLICIES,
        ip: server.ip,
        turnPort: server['turn-port'],
        stunPort: server['stun-port'],
        maxBandwidth: server['max-bandwidth'],
        username: server.username,
        credential: server.credential,
        country: server.country,
      })),
      keepLiveTimeoutMs: ice['keep-live-timeout'],
      sharedSecret: ice['shared-secret'],
      credentialLifetimeMs: ice['credential-lifetime'],
      geoDatabase: ice['geo-database'],
      transportPolicy: ice['transport-policy'],
      registrationToken: ice['registration-token'],
      open: !http.auth.enable,
      maxMessageBytes: rooms['max-message'],
      messageRate: rooms['message-rate'],
    },
    log,
  );
}

/** What every WebSocket of the rooms may do. */
export const limitsOf = ({ rooms }: Config): PeerLimits => ({
  idleTimeoutMs: rooms['idle-timeout'],
  messageTimeoutMs: 0,
  maxPayloadBytes: rooms['max-message'],
  maxBackpressureBytes: rooms['max-unread'],
  messageRate: rooms['message-rate'],
  maxConnections: rooms['max-connections'],
  ordered: true,
});

function openCallServer({ config, secrets, records, log }: RoomsParts, ice: Ice): Calls {
  const { call } = config;
  return createCalls(
    {
      location: call.location,
      loginLocation: call['login-location'],
      limits: limitsOf(config),
      capacity: call.capacity,
      keepLiveTimeoutMs: call['keep-live-timeout'],
      reportStatsIntervalMs: call['report-stats-interval'],
      tokenWarningMs: call['token-warning'],
      costPerMinute: call['cost-per-minute'],
      apps: call.apps.map(({ 'app-id': appId, domains }) => ({ appId, domains })),
    },
    { rights: createRoomRights(secrets.signingKey, config.http.auth.enable), records, ice, log },
  );
}

/** Opens the room protocols and their ports. @throws StartError */
export async function openRooms(parts: RoomsParts): Promise<Rooms> {
  const { config, meetings, log } = parts;
  const ice = await about('ice.geo-database', openIce(config, log));
  const calls = openCallServer(parts, ice);
  const protocols: WebSocketProtocol[] = [meetings.protocol, calls.protocol, calls.login];
  const posts: PostRoute[] = [calls.login, ice.route];
  const hub = createWebSocketHub({ protocols, posts, trustedProxies: config.http['trusted-proxies'] }, log);
  const closeParts = (): void => {
    hub.close();
    calls.close();
    ice.close();
  };
  const opening = about('rooms.port, rooms.ssl-port, rooms.host', openPorts(config, hub, log));
  const ports = await opening.catch((error: unknown) => {
    closeParts();
    throw error;
  });
  const actors = openActors(parts);
  return {
    hub,
    calls,
    actors,
    ice,
    async close() {
      // Calls first: that their users have left must be in the records, whatever the others wait for.
      closeParts();
      await Promise.all([actors.close(), ports.close()]);
    },
  };
}
