import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

const KEEP_MS = 60_000;
const MAX_ENTRIES = 4_096;
/** Nothing is sent to it: a connected socket only asks the kernel for a route. */
const PROBE_PORT = 9;

/** Which of our addresses a peer sees: needed for Via and Contact where the socket is bound to a wildcard. */
export class LocalAddresses {
  readonly #known = new Map<string, { address: string; at: number }>();

  /** The address of the last probe, else a guess by the interfaces. */
  get(remote: string): string {
    return this.#fresh(remote) ?? guess(remote);
  }

  /** Asks the kernel's routing table. */
  async resolve(remote: string): Promise<string> {
    const known = this.#fresh(remote);
    if (known !== undefined) return known;
    const address = (await probe(remote)) ?? guess(remote);
    if (this.#known.size >= MAX_ENTRIES) this.#known.clear();
    this.#known.set(remote, { address, at: performance.now() });
    return address;
  }

  #fresh(remote: string): string | undefined {
    const known = this.#known.get(remote);
    return known !== undefined && performance.now() - known.at < KEEP_MS ? known.address : undefined;
  }
}

function probe(remote: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIP(remote) === 6 ? 'udp6' : 'udp4');
    const finish = (address: string | undefined): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => finish(undefined));
    // Node's types do not say so: the callback hears of a failure, and `error` does not.
    socket.connect(PROBE_PORT, remote, (error?: Error) => {
      finish(error instanceof Error ? undefined : socket.address().address);
    });
  });
}

function guess(remote: string): string {
  const family = isIP(remote) === 6 ? 'IPv6' : 'IPv4';
  const loopback = family === 'IPv6' ? '::1' : '127.0.0.1';
  if (remote === '::1' || remote.startsWith('127.')) return loopback;
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return own.find((each) => each.family === family && !each.internal)?.address ?? loopback;
}
