import { createWorker, type types } from 'mediasoup';
import { errorMessage, type Logger } from '../util/index.ts';
import { WebRtcPortError } from './errors.ts';
import { FeedTable } from './feed-table.ts';
import { RelayTable } from './relay-table.ts';
import { RouterCache } from './router-cache.ts';

const CLOSE_TIMEOUT_MS = 1000;
/** One socket carries every viewer of the worker: a key frame for a hundred of them is some megabytes. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

export interface MediaWorkerOptions {
  readonly index: number;
  readonly listenAddress: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly feedGraceMs: number;
  readonly log: Logger;
}

/** One mediasoup worker process with its WebRtcServer, routers and feeds. */
export class MediaWorker {
  readonly index: number;
  readonly server: types.WebRtcServer;
  readonly ports: { readonly udp: number; readonly tcp: number };
  readonly routers: RouterCache;
  readonly feeds: FeedTable;
  readonly relays: RelayTable;
  /** Publications that are here or on their way. */
  publications = 0;
  /** Viewers that are here or on their way. */
  viewers = 0;
  readonly #worker: types.Worker;

  private constructor(options: MediaWorkerOptions, worker: types.Worker, bound: BoundServer) {
    this.index = options.index;
    this.server = bound.server;
    this.ports = bound.ports;
    this.routers = new RouterCache(worker);
    this.feeds = new FeedTable(this.routers, options.feedGraceMs, options.log);
    this.relays = new RelayTable(this.routers, options.feedGraceMs);
    this.#worker = worker;
  }

  /** @throws WebRtcPortError */
  static async create(options: MediaWorkerOptions): Promise<MediaWorker> {
    const worker = await createWorker({ logLevel: 'error' });
    try {
      return new MediaWorker(options, worker, await listen(worker, options));
    } catch (error) {
      worker.close();
      throw error;
    }
  }

  get pid(): number {
    return this.#worker.pid;
  }

  get closed(): boolean {
    return this.#worker.closed;
  }

  /** Called once if the process ends without having been asked to. */
  onDied(listener: () => void): void {
    this.#worker.once('died', listener);
  }

  async usage(): Promise<{ cpuSeconds: number; maxRssBytes: number }> {
    const usage = await this.#worker.getResourceUsage();
    return { cpuSeconds: (usage.ru_utime + usage.ru_stime) / 1000, maxRssBytes: usage.ru_maxrss * 1024 };
  }

  /** Resolves when the process has ended, or after a second. */
  async close(): Promise<void> {
    if (this.#worker.closed) return;
    this.feeds.close();
    this.relays.close();
    const ended = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      this.#worker.once('subprocessclose', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#worker.close();
    await ended;
  }
}

interface BoundServer {
  readonly server: types.WebRtcServer;
  readonly ports: { readonly udp: number; readonly tcp: number };
}

async function listen(worker: types.Worker, { listenAddress, port }: MediaWorkerOptions): Promise<BoundServer> {
  const where = { ip: listenAddress, ...(port === 0 ? {} : { port }) };
  try {
    const server = await worker.createWebRtcServer({
      listenInfos: [
        { protocol: 'udp', ...where, sendBufferSize: SOCKET_BUFFER_BYTES, recvBufferSize: SOCKET_BUFFER_BYTES },
        { protocol: 'tcp', ...where },
      ],
    });
    const { udpSockets, tcpServers } = await server.dump();
    return { server, ports: { udp: udpSockets[0]?.port ?? port, tcp: tcpServers[0]?.port ?? port } };
  } catch (cause) {
    const text = `webrtc.port: UDP and TCP port ${port} of ${listenAddress} cannot be bound: ${errorMessage(cause)}`;
    throw new WebRtcPortError(text, { cause });
  }
}
