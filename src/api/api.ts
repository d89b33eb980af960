import { HttpClients, Refusals } from '../util/index.ts';
import { createApp } from './app.ts';
import { Gate } from './auth/gate.ts';
import { NodeAccess } from './auth/node-access.ts';
import { Tokens } from './auth/tokens.ts';
import type { ApiContext } from './context.ts';
import { type HttpPort, openHttpPort, type PortHandler } from './listen.ts';
import { PublicAddress } from './public-address.ts';
import type { Api, ApiOptions, ApiParts } from './types.ts';

const DEFAULT_MAX_CONNECTIONS = 10_000;
/** A browser keeps up to six of them for a while, and many may be behind one NAT. */
const DEFAULT_MAX_CONNECTIONS_PER_SOURCE = 5_000;
const TELL_REFUSED_MS = 15_000;

/** Opens the HTTP side on all its ports. @throws ListenError (`listen_failed`) */
export async function createApi(options: ApiOptions, parts: ApiParts): Promise<Api> {
  const tokens = new Tokens(parts.credentials.signingKey);
  const publicAddress = new PublicAddress(options.candidates);
  const nodes = new NodeAccess(options.auth.nodeToken ?? '', parts.log.child({ part: 'media-nodes' }));
  const gate = new Gate(options.auth.enable, tokens, parts.rooms, nodes);
  const refused = new Refusals({ too_many_connections: 0, too_many_of_source: 0 });
  const context: ApiContext = { options, parts, tokens, gate, publicAddress, refused };
  const app = createApp(context);
  const ports: HttpPort[] = [];
  const telling = setInterval(() => refused.tell(parts.log, 'HTTP connections refused'), TELL_REFUSED_MS).unref();
  const close = async (): Promise<void> => {
    clearInterval(telling);
    app.close();
    await Promise.all(ports.map((port) => port.close()));
  };
  const clients = new HttpClients(options.trustedProxies ?? []);
  const handler: PortHandler = {
    request: app.express,
    upgrade: (request, socket, head) => parts.webSockets?.handleUpgrade(request, socket, head) ?? false,
    // WebSockets, however many they are, leave room for requests.
    maxConnections: (options.maxConnections ?? DEFAULT_MAX_CONNECTIONS) + (parts.webSockets?.maxConnections ?? 0),
    shares: {
      perSource: options.maxConnectionsPerSource ?? DEFAULT_MAX_CONNECTIONS_PER_SOURCE,
      isProxy: (address) => clients.isProxy(address),
      onRefused: (reason) => refused.count(reason),
    },
  };
  try {
    for (const listen of options.listen) {
      ports.push(await openHttpPort(listen, handler, options.headersTimeoutMs));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const addresses = ports.map(({ purpose, address, port }) => ({ purpose, address, port }));
  publicAddress.setListening(addresses);
  let closing: Promise<void> | undefined;
  return { addresses, close: () => (closing ??= close()) };
}
