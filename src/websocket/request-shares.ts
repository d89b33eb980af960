import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConnectionShares, plainAddress, sourceNetwork, type SharedConnection } from '../util/index.ts';
import type { WebSocketHub } from './types.ts';

/** Beneath TLS there is another socket, which has the same two ends. */
function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

function requestOf(socket: Socket): SharedConnection {
  const source = sourceNetwork(plainAddress(socket.remoteAddress));
  return { source, heldBytes: 0, measure: () => 0, close: () => socket.destroy() };
}

/**
 * Bounds the connections of a port that are no WebSockets, by source: no address takes the places of all others with
 * connections on which it asks for nothing. A trusted proxy has no bound of its own, as it speaks for many.
 */
export function shareRequests(
  server: Server,
  perSource: number,
  hub: Pick<WebSocketHub, 'isProxy' | 'countRefused'>,
): void {
  const shares = new ConnectionShares({ connectionsPerSource: perSource });
  const requests = new Map<string, SharedConnection>();
  server.on('connection', (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress);
    if (hub.isProxy(address)) return;
    const refusal = shares.refusal(address);
    if (refusal !== undefined) {
      hub.countRefused(refusal);
      socket.destroy();
      return;
    }
    const [ends, request] = [endsOf(socket), requestOf(socket)];
    shares.add(request);
    requests.set(ends, request);
    socket.once('close', () => {
      shares.delete(request);
      if (requests.get(ends) === request) requests.delete(ends);
    });
  });
  // One that is refused ends with its answer.
  server.on('upgrade', (_request, socket: Duplex) => {
    const request = requests.get(endsOf(socket as Socket));
    if (request !== undefined) shares.delete(request);
  });
}
