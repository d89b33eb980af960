import { readFileSync } from 'node:fs';
import { GatewayError } from '../util/index.ts';
import type { Rates } from './types.ts';

/** Bytes since the interface came up. */
export interface NetCounters {
  readonly rxBytes: number;
  readonly txBytes: number;
}

/** The network interface is not there, or was not found. */
export class NetInterfaceError extends GatewayError {
  override readonly code = 'ice_agent_interface';
}

const RX_COLUMN = 0;
const TX_COLUMN = 8;
const COLUMNS = 16;

/** Reads /proc/net/dev (proc_pid_net(5)); lines that are none are left out. */
export function parseNetDev(text: string): ReadonlyMap<string, NetCounters> {
  const found = new Map<string, NetCounters>();
  for (const line of text.split('\n')) {
    // An alias has a colon in its name.
    const colon = line.lastIndexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim();
    const values = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/);
    if (name === '' || values.length < COLUMNS || !values.every((value) => /^\d{1,20}$/.test(value))) continue;
    found.set(name, { rxBytes: Number(values[RX_COLUMN]), txBytes: Number(values[TX_COLUMN]) });
  }
  return found;
}

/** Interface of the default route with the least metric in /proc/net/route; undefined where there is none. */
export function defaultInterface(routes: string): string | undefined {
  const defaults = routes
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .toSorted((one, other) => Number(one[6]) - Number(other[6]));
  return defaults[0]?.[0];
}

/** Counters of 32 bits begin again here; those of 64 bits never get so far. */
const WRAP = 2 ** 32;

/** Bytes between two counters; one that is less than before has wrapped, or its interface is a new one. */
export function counted(before: number, after: number, maxBytes: number): number {
  if (after >= before) return after - before;
  const wrapped = after + WRAP - before;
  return before < WRAP && wrapped <= maxBytes ? wrapped : after;
}

/** Two looks nearer to one another say nothing of a rate. */
const MIN_INTERVAL_MS = 50;

/** Rates of one interface between two looks at its counters. */
export class NetRate {
  readonly #maxKbps: number;
  #last: { readonly name: string; readonly counters: NetCounters; readonly atMs: number } | undefined;

  /** `maxKbps` is what the host can carry at most. */
  constructor(maxKbps: number) {
    this.#maxKbps = maxKbps;
  }

  /** Undefined at the first look at an interface. `atMs` never goes back. */
  take(name: string, counters: NetCounters, atMs: number): Rates | undefined {
    const last = this.#last;
    if (last?.name === name && atMs - last.atMs < MIN_INTERVAL_MS) return undefined;
    this.#last = { name, counters, atMs };
    if (last?.name !== name) return undefined;
    const elapsedMs = atMs - last.atMs;
    const maxBytes = (2 * this.#maxKbps * elapsedMs) / 8;
    // Bits per millisecond are kbit/s.
    const kbps = (before: number, after: number): number =>
      Math.round((8 * counted(before, after, maxBytes)) / elapsedMs);
    return {
      rxRate: kbps(last.counters.rxBytes, counters.rxBytes),
      txRate: kbps(last.counters.txBytes, counters.txBytes),
    };
  }

  /** The next look is the first again. */
  forget(): void {
    this.#last = undefined;
  }
}

/** Reads this host's counters. */
export class HostNetRate {
  readonly #interfaceName: string | undefined;
  readonly #rate: NetRate;

  constructor(interfaceName: string | undefined, maxKbps: number) {
    this.#interfaceName = interfaceName;
    this.#rate = new NetRate(maxKbps);
  }

  /** Rates since the last call. @throws NetInterfaceError */
  take(): Rates | undefined {
    const name = this.#interfaceName ?? defaultInterface(readFileSync('/proc/net/route', 'latin1'));
    const counters = parseNetDev(readFileSync('/proc/net/dev', 'latin1')).get(name ?? '');
    if (name === undefined || counters === undefined) {
      this.#rate.forget();
      throw new NetInterfaceError(name === undefined ? 'no default route' : `no network interface ${name}`);
    }
    return this.#rate.take(name, counters, performance.now());
  }
}
