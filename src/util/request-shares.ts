import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConnectionShares, type SharedConnection } from './connection-shares.ts';
import { plainAddress } from './plain-address.ts';
import { sourceNetwork } from './source-network.ts';

export interface RequestShares {
  /** Connections of one source. */
  readonly perSource: number;
  /** Whether the address is that of a trusted proxy. */
  readonly isProxy: (address: string) => boolean;
  readonly onRefused: (reason: 'too_many_connections' | 'too_many_of_source') => void;
}

/** Beneath TLS there is another socket, which has the same two ends. */
function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

function requestOf(socket: Socket, address: string): SharedConnection {
  return { source: sourceNetwork(address), heldBytes: 0, measure: () => 0, close: () => socket.destroy() };
}

/**
 * Bounds the connections of a port that are no WebSockets, by source: no address takes the places of all others with
 * connections on which it asks for nothing. A trusted proxy has no bound of its own, as it speaks for many. Those that
 * the port does not take because of its `maxConnections` are told, too. What is returned ends them all, also those that
 * are not as far as HTTP, of which `closeAllConnections` knows nothing.
 */
export function shareRequests(server: Server, { perSource, isProxy, onRefused }: RequestShares): () => void {
  const shares = new ConnectionShares({ connectionsPerSource: perSource });
  const requests = new Map<string, { readonly socket: Socket; readonly forget: () => void }>();
  server.on('drop', () => onRefused('too_many_connections'));
  server.on('connection', (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress);
    const proxy = isProxy(address);
    const refusal = proxy ? undefined : shares.refusal(address);
    if (refusal !== undefined) {
      onRefused(refusal);
      socket.destroy();
      return;
    }
    const [ends, request] = [endsOf(socket), requestOf(socket, address)];
    if (!proxy) shares.add(request);
    const forget = (): void => {
      shares.delete(request);
      if (requests.get(ends)?.socket === socket) requests.delete(ends);
    };
    requests.set(ends, { socket, forget });
    socket.once('close', forget);
  });
  // One that is refused ends with its answer. Of one that stays, for hours, nothing is kept.
  server.on('upgrade', (_request, socket: Duplex) => {
    const request = requests.get(endsOf(socket as Socket));
    request?.socket.off('close', request.forget);
    request?.forget();
  });
  return () => {
    for (const { socket } of requests.values()) socket.destroy();
  };
}
