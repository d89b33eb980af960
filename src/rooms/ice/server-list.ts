import { EventEmitter } from 'node:events';
import { addressBytes, safeEmit, type Logger } from '../../util/index.ts';
import { ServerLoad } from './server-load.ts';
import type { IceDownReason, IceServer, IceServersEvents, IceServerState } from './types.ts';

/** Registered at the same time. */
export const MAX_REGISTERED = 1000;

/** One server of the list. */
export interface ListedServer {
  server: IceServer;
  /** Of its address; undefined for a host name. */
  readonly bytes: readonly number[] | undefined;
  readonly configured: boolean;
  readonly load: ServerLoad;
  heardAt: number | undefined;
  handedOut: number;
  /** One of the configuration that does not answer, as its agent says: out of the list until it is heard of again. */
  failed: boolean;
  /** Puts it out. */
  readonly timer: NodeJS.Timeout | undefined;
}

/** Servers of the configuration, which stay unless they fail, and those that registered, which leave when they fall silent. */
export class ServerList extends EventEmitter<IceServersEvents> {
  readonly #servers = new Map<string, ListedServer>();
  readonly #keepLiveTimeoutMs: number;
  readonly #log: Logger;
  readonly #configured: number;

  constructor(configured: readonly IceServer[], keepLiveTimeoutMs: number, log: Logger) {
    super();
    this.#keepLiveTimeoutMs = keepLiveTimeoutMs;
    this.#log = log;
    for (const server of configured) this.#add(server, true);
    this.#configured = this.#servers.size;
  }

  get all(): ListedServer[] {
    return [...this.#servers.values()].filter(({ failed }) => !failed);
  }

  /** Adds it, or takes its new values; one of the configuration keeps its own. */
  register(server: IceServer): 'added' | 'known' | 'full' {
    const known = this.#servers.get(server.ip);
    if (known !== undefined) {
      if (!known.configured) known.server = server;
      this.#heard(known);
      return 'known';
    }
    if (this.#servers.size - this.#configured >= MAX_REGISTERED) {
      this.#log.warn({ ip: server.ip, limit: MAX_REGISTERED }, 'ICE server refused, list is full');
      return 'full';
    }
    this.#heard(this.#add(server, false));
    this.#log.info({ ip: server.ip, maxBandwidth: server.maxBandwidth }, 'ICE server registered');
    safeEmit(this, this.#log, 'up', server.ip);
    return 'added';
  }

  /** False: it is not in the list. One of the configuration stays, unless it has failed. */
  deregister(ip: string, reason: Exclude<IceDownReason, 'silent'>): boolean {
    const known = this.#servers.get(ip);
    if (known === undefined) return false;
    if (!known.configured) this.#remove(known, reason);
    else if (reason === 'failed') this.#fail(known);
    return true;
  }

  /** Rates in kbit/s. False: it is not in the list. */
  report(ip: string, rxRate: number, txRate: number): boolean {
    const known = this.#servers.get(ip);
    if (known === undefined) return false;
    known.load.report(rxRate, txRate, Date.now());
    this.#heard(known);
    return true;
  }

  states(): IceServerState[] {
    return this.all.map(({ server, configured, load, heardAt, handedOut }) => ({
      ip: server.ip,
      turnPort: server.turnPort,
      stunPort: server.stunPort,
      country: server.country,
      maxBandwidth: server.maxBandwidth,
      ...load.at(Date.now()),
      configured,
      heardAt,
      handedOut,
    }));
  }

  /** Forgets all without a word. Idempotent. */
  close(): void {
    for (const { timer } of this.#servers.values()) clearTimeout(timer);
    this.#servers.clear();
  }

  #add(server: IceServer, configured: boolean): ListedServer {
    const listed: ListedServer = {
      server,
      bytes: addressBytes(server.ip),
      configured,
      load: new ServerLoad(this.#keepLiveTimeoutMs, Date.now()),
      heardAt: undefined,
      handedOut: 0,
      failed: false,
      timer: configured ? undefined : setTimeout(() => this.#remove(listed, 'silent'), this.#keepLiveTimeoutMs),
    };
    this.#servers.set(server.ip, listed);
    return listed;
  }

  #heard(listed: ListedServer): void {
    listed.heardAt = Date.now();
    listed.timer?.refresh();
    if (!listed.failed) return;
    listed.failed = false;
    const { ip } = listed.server;
    this.#log.info({ ip }, 'ICE server answers again');
    safeEmit(this, this.#log, 'up', ip);
  }

  #fail(listed: ListedServer): void {
    if (listed.failed) return;
    listed.failed = true;
    this.#tellDown(listed.server.ip, 'failed');
  }

  #remove(listed: ListedServer, reason: IceDownReason): void {
    clearTimeout(listed.timer);
    this.#servers.delete(listed.server.ip);
    this.#tellDown(listed.server.ip, reason);
  }

  #tellDown(ip: string, reason: IceDownReason): void {
    const level = reason === 'deregistered' ? 'info' : 'warn';
    this.#log[level]({ ip, reason }, 'ICE server left the list');
    safeEmit(this, this.#log, 'down', ip, reason);
  }
}
