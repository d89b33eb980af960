import type { Peer, PeerHandler, WebSocketProtocol } from '../../websocket/index.ts';
import { Connection } from './connection.ts';
import { Login } from './login.ts';
import { CallRooms } from './rooms.ts';
import type { CallCounts, CallOptions, CallParts, CallRoom, Calls } from './types.ts';

class CallServer implements Calls, WebSocketProtocol {
  readonly location: string;
  readonly limits: WebSocketProtocol['limits'];
  readonly login: Login;
  readonly #rooms: CallRooms;
  readonly #connect: (peer: Peer) => PeerHandler;

  constructor(options: CallOptions, parts: CallParts) {
    this.location = options.location;
    this.limits = options.limits;
    this.login = new Login(options, parts.ice);
    this.#rooms = new CallRooms(options, parts);
    const shared = { ...parts, options, rooms: this.#rooms };
    this.#connect = (peer) => new Connection(peer, shared);
  }

  get protocol(): WebSocketProtocol {
    return this;
  }

  get counts(): CallCounts {
    return this.#rooms.counts;
  }

  connect(peer: Peer): PeerHandler {
    return this.#connect(peer);
  }

  rooms(limit: number): CallRoom[] {
    return this.#rooms.list(limit);
  }

  close(): void {
    this.#rooms.close();
  }
}

/** The RoomServer and its login server, for a WebSocket hub to serve. */
export const createCalls = (options: CallOptions, parts: CallParts): Calls => new CallServer(options, parts);
