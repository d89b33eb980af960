import type { Config, Secrets } from './config/index.ts';
import { createIce, type Ice } from './rooms/ice/index.ts';
import { about } from './start-error.ts';
import type { Streams } from './stream/index.ts';
import type { Logger } from './util/index.ts';
import { webSocketListen } from './listen-ports.ts';
import {
  createWebSocketHub,
  openWebSocketPorts,
  type PostRoute,
  type WebSocketHub,
  type WebSocketPorts,
  type WebSocketProtocol,
} from './websocket/index.ts';

interface RoomsParts {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly streams: Streams;
  readonly log: Logger;
}

/** Both room protocols, on ports of their own and for the paths of the HTTP side. */
export interface Rooms {
  readonly hub: WebSocketHub;
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

/** Opens the room protocols and their ports. @throws StartError */
export async function openRooms({ config, log }: RoomsParts): Promise<Rooms> {
  const protocols: WebSocketProtocol[] = [];
  const ice = await about('ice.geo-database', openIce(config, log));
  const posts: PostRoute[] = [ice.route];
  const hub = createWebSocketHub({ protocols, posts }, log);
  const opening = about('rooms.port, rooms.ssl-port, rooms.host', openPorts(config, hub, log));
  const ports = await opening.catch((error: unknown) => {
    hub.close();
    ice.close();
    throw error;
  });
  return {
    hub,
    async close() {
      hub.close();
      await ports.close();
      ice.close();
    },
  };
}
