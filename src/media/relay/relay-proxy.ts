import { EventEmitter } from 'node:events';
import { safeEmit, type Logger } from '../../util/index.ts';
import type { PortPool } from '../ports/index.ts';
import type { RelayEndReason, RelayEvents, RelayRemote, RelayStats, RtpRelay } from '../relay-types.ts';
import { MediaBindError, ThreadDiedError } from '../thread/errors.ts';
import { NO_RELAY_STATS, type RelayNotice, type RelayPortRefusal, type RelayRequest } from './protocol.ts';

/** Bytes that wait for the media thread; what comes beyond is left out and counted. */
const MAX_WAITING_BYTES = 33_554_432;

export interface RelayProxyOptions {
  readonly id: string;
  readonly listenAddress: string;
  readonly post: (request: RelayRequest, transfer?: readonly ArrayBuffer[]) => void;
  readonly ports: PortPool;
  readonly log: Logger;
}

/** The main thread's side of a relay. */
export class RelayProxy extends EventEmitter<RelayEvents> implements RtpRelay {
  readonly #options: RelayProxyOptions;
  readonly #opening = new Map<number, (refusal: RelayPortRefusal | ThreadDiedError | undefined) => void>();
  readonly #taken: number[] = [];
  #stats: RelayStats = NO_RELAY_STATS;
  #pushedBytes = 0;
  #consumedBytes = 0;
  #leftOut = 0;
  #closed = false;

  constructor(options: RelayProxyOptions) {
    super();
    this.#options = options;
  }

  get id(): string {
    return this.#options.id;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get stats(): RelayStats {
    if (this.#leftOut === 0) return this.#stats;
    return { ...this.#stats, errors: { ...this.#stats.errors, thread_behind: this.#leftOut } };
  }

  /** Ends by exhaustion at the latest: each port of another process leaves the pool for a while. */
  async openUdp(track: number, remote: RelayRemote): Promise<{ readonly rtp: number; readonly rtcp: number }> {
    const { ports, listenAddress } = this.#options;
    for (;;) {
      if (this.#closed) throw new ThreadDiedError('the relay has ended');
      const port = ports.take();
      const { promise, resolve } = Promise.withResolvers<RelayPortRefusal | ThreadDiedError | undefined>();
      this.#opening.set(track, resolve);
      this.#options.post({ name: 'openUdp', track, port, remote });
      const refusal = await promise;
      if (refusal === undefined) {
        this.#taken.push(port);
        return { rtp: port, rtcp: port + 1 };
      }
      if (refusal instanceof ThreadDiedError || !refusal.taken) ports.release(port);
      if (refusal instanceof ThreadDiedError) throw refusal;
      if (!refusal.taken) throw new MediaBindError(listenAddress, port, refusal.reason);
      ports.markForeign(port);
    }
  }

  setRemote(track: number, remote: RelayRemote): void {
    if (!this.#closed) this.#options.post({ name: 'setRemote', track, remote });
  }

  push(framed: Uint8Array<ArrayBuffer>): void {
    if (this.#closed) return;
    if (this.#pushedBytes - this.#consumedBytes > MAX_WAITING_BYTES) {
      this.#leftOut += 1;
      return;
    }
    this.#pushedBytes += framed.byteLength;
    // A part of a larger memory, such as Node's pool, cannot be handed over.
    const own = framed.byteLength === framed.buffer.byteLength ? framed : framed.slice();
    this.#options.post({ name: 'push', framed: own }, [own.buffer]);
  }

  restart(): void {
    if (!this.#closed) this.#options.post({ name: 'restart' });
  }

  setExpecting(expecting: boolean): void {
    if (!this.#closed) this.#options.post({ name: 'expect', expecting });
  }

  close(): void {
    if (this.#closed) return;
    this.#options.post({ name: 'close' });
    this.#finish('closed');
  }

  onNotice(notice: Exclude<RelayNotice, { name: 'opened' }>): void {
    switch (notice.name) {
      case 'udp':
        return this.#settle(notice.track, notice.refusal);
      case 'firstMedia':
        if (!this.#closed) safeEmit<RelayEvents, 'firstMedia'>(this, this.#options.log, 'firstMedia');
        return undefined;
      case 'rtcp':
        if (!this.#closed) safeEmit<RelayEvents, 'rtcp'>(this, this.#options.log, 'rtcp', notice.framed);
        return undefined;
      case 'stats':
        this.#stats = notice.stats;
        this.#consumedBytes = notice.consumedBytes;
        return undefined;
      case 'ended':
        this.#stats = notice.stats;
        return this.end(notice.reason);
    }
  }

  /** The thread's side is gone, and its sockets with it. */
  end(reason: RelayEndReason): void {
    for (const port of this.#taken.splice(0)) this.#options.ports.release(port);
    this.#finish(reason);
  }

  #finish(reason: RelayEndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const track of this.#opening.keys()) this.#settle(track, new ThreadDiedError('the relay has ended'));
    safeEmit<RelayEvents, 'ended'>(this, this.#options.log, 'ended', reason);
  }

  #settle(track: number, result: RelayPortRefusal | ThreadDiedError | undefined): void {
    const settle = this.#opening.get(track);
    this.#opening.delete(track);
    settle?.(result);
  }
}
