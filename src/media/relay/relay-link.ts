import type { Logger } from '../../util/index.ts';
import type { PortPool } from '../ports/index.ts';
import type { RelayEndReason, RelayOptions } from '../relay-types.ts';
import { ThreadDiedError } from '../thread/errors.ts';
import type { RelayNotice, RelayRequest } from './protocol.ts';
import { RelayProxy } from './relay-proxy.ts';

export interface RelayLinkOptions {
  readonly listenAddress: string;
  readonly post: (key: number, request: RelayRequest, transfer?: readonly ArrayBuffer[]) => void;
  readonly log: Logger;
}

interface Entry {
  readonly proxy: RelayProxy;
  readonly settle: (result: RelayProxy | ThreadDiedError) => void;
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

  /** Resolves when the relay may be used. @throws ThreadDiedError */
  async open(options: RelayOptions, ports: PortPool): Promise<RelayProxy> {
    const key = nextKey;
    nextKey += 1;
    const { listenAddress, post, log } = this.#options;
    const { promise, resolve } = Promise.withResolvers<RelayProxy | ThreadDiedError>();
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
    if (result instanceof ThreadDiedError) throw result;
    return result;
  }

  onNotice(key: number, notice: RelayNotice): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (notice.name === 'opened') return entry.settle(entry.proxy);
    if (notice.name === 'ended') this.#entries.delete(key);
    entry.proxy.onNotice(notice);
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
