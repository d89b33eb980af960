import type { Logger } from '../../util/index.ts';
import type { PortPool } from '../ports/index.ts';
import type { RelayEndReason, RelayOptions } from '../relay-types.ts';
import { FramingFailedError, ThreadDiedError } from '../thread/errors.ts';
import type { RelayNotice, RelayRequest } from './protocol.ts';
import { RelayProxy } from './relay-proxy.ts';

export interface RelayLinkOptions {
  readonly listenAddress: string;
  readonly post: (key: number, request: RelayRequest, transfer?: readonly ArrayBuffer[]) => void;
  readonly log: Logger;
}

type OpenError = FramingFailedError | ThreadDiedError;

interface Entry {
  readonly proxy: RelayProxy;
  readonly settle: (result: RelayProxy | OpenError) => void;
}

let nextKey = 1;

/** The relays of one media thread as the main thread sees them. */
export class RelayLink {
  readonly #options: RelayLinkOptions;
  readonly #entries = new Map<number, Entry>();

  constructor(options: RelayLinkOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Resolves when the relay may be used. @throws FramingFailedError, ThreadDiedError */
  async open(options: RelayOptions, ports: PortPool): Promise<RelayProxy> {
    const key = nextKey;
    nextKey += 1;
    const { listenAddress, post, log } = this.#options;
    const { promise, resolve } = Promise.withResolvers<RelayProxy | OpenError>();
    const proxy = new RelayProxy({
      id: options.id,
      listenAddress,
      post: (request, transfer) => post(key, request, transfer),
      ports,
      log: log.child({ relay: options.id }),
    });
    this.#entries.set(key, { proxy, settle: resolve });
    post(key, { name: 'open', options });
    const result = await promise;
    if (result instanceof Error) throw result;
    return result;
  }

  onNotice(key: number, notice: RelayNotice): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (notice.name === 'opened') return entry.settle(entry.proxy);
    entry.proxy.onNotice(notice);
    if (notice.name !== 'ended') return;
    this.#entries.delete(key);
    // Without effect where it has opened.
    entry.settle(new FramingFailedError('no loopback port could be opened for a relay'));
  }

  /** The thread is gone. */
  endAll(reason: RelayEndReason): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { proxy, settle } of entries) {
      proxy.end(reason);
      settle(new ThreadDiedError('media thread ended while a relay was opening'));
    }
  }
}
