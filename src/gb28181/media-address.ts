import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { plainAddress, withoutZone } from '../util/index.ts';
import type { DeviceRecord } from './device/record.ts';
import { MediaAddressError } from './errors.ts';

const WILDCARDS: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);
const KEPT_MS = 30_000;
const MAX_ROUTES = 10_000;

/** Finds the address that the SDP tells a device (quirks P1, P11). */
export class MediaAddresses {
  readonly #configured: string | undefined;
  readonly #now: () => number;
  readonly #routes = new Map<string, { readonly address: string; readonly until: number }>();

  constructor(configured: string | undefined, now: () => number) {
    this.#configured = configured;
    this.#now = now;
  }

  /**
   * The operator's address for this device, else the configured one, else the local end of the path to it.
   * @throws MediaAddressError
   */
  async of({ state, settings, flow }: DeviceRecord): Promise<string> {
    for (const fixed of [settings.mediaAddress, this.#configured])
      if (fixed !== undefined && !WILDCARDS.has(fixed)) return fixed;
    if (flow !== undefined && flow.protocol === 'tcp' && !flow.closed && !WILDCARDS.has(flow.localAddress))
      return withoutZone(plainAddress(flow.localAddress));
    return this.#route(state.sourceAddress, state.sourcePort);
  }

  async #route(remote: string, port: number): Promise<string> {
    const known = this.#routes.get(remote);
    if (known !== undefined && known.until > this.#now()) return known.address;
    const address = withoutZone(plainAddress(await localSideOf(remote, port)));
    if (WILDCARDS.has(address)) throw new MediaAddressError(remote);
    this.#routes.delete(remote);
    if (this.#routes.size >= MAX_ROUTES) this.#routes.clear();
    this.#routes.set(remote, { address, until: this.#now() + KEPT_MS });
    return address;
  }
}

/** A connected UDP socket knows its route without sending anything. */
async function localSideOf(remote: string, port: number): Promise<string> {
  const socket = createSocket(isIPv6(remote) ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port === 0 ? 5060 : port, remote, resolve);
    });
    return socket.address().address;
  } catch (error) {
    throw new MediaAddressError(remote, error);
  } finally {
    socket.close();
  }
}
