import type { Config, Secrets } from './config/index.ts';
import type { Streams } from './stream/index.ts';
import type { Logger } from './util/index.ts';
import { webSocketListen } from './websocket-listen.ts';
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

/** Opens the room protocols and their ports. @throws WebSocketListenError */
export async function openRooms({ config, log }: RoomsParts): Promise<Rooms> {
  const protocols: WebSocketProtocol[] = [];
  const posts: PostRoute[] = [];
  const hub = createWebSocketHub({ protocols, posts }, log);
  const ports = await openPorts(config, hub, log);
  return {
    hub,
    async close() {
      hub.close();
      await ports.close();
    },
  };
}
