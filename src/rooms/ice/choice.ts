import { addressBytes } from '../../util/index.ts';
import type { ListedServer } from './server-list.ts';
import { commonPrefix } from './subnet.ts';

/** ISO 3166 code of an address; empty = unknown. */
export type CountryOf = (address: string) => string;

type Nearness = (listed: ListedServer) => number;

/**
 * How near servers are to peers: with their countries known, the number of peers in the server's; else how much the
 * server's address has in common with theirs.
 */
function nearnessTo(addresses: readonly string[], countryOf: CountryOf): Nearness {
  const countries = addresses.map((address) => countryOf(address)).filter((country) => country !== '');
  if (countries.length > 0) {
    return ({ server }) => countries.filter((country) => country === server.country).length;
  }
  const peers = addresses.map((address) => addressBytes(address));
  return ({ bytes }) => peers.reduce((sum, peer) => sum + prefixShare(bytes, peer), 0);
}

/** An IPv6 address is its network's for 64 bits, RFC 4291 §2.5.4. */
const NETWORK_BITS = 64;

/** 0 to 1; less where a peer of one family may not reach a server of the other. */
function prefixShare(server: readonly number[] | undefined, peer: readonly number[] | undefined): number {
  if (server === undefined || peer === undefined) return 0;
  if (server.length !== peer.length) return -1;
  return Math.min(1, commonPrefix(server, peer) / Math.min(NETWORK_BITS, 8 * server.length));
}

/** The part of its bandwidth that a server uses; one of none at all is full with the first kbit/s. */
function used({ server, load }: ListedServer, now: number): number {
  const { txRate, reserved } = load.at(now);
  return (txRate + reserved) / Math.max(1, server.maxBandwidth);
}

/** It can carry so many kbit/s more, with some to spare. */
export function hasRoom({ server, load }: ListedServer, needKbps: number, now: number): boolean {
  const { txRate, reserved } = load.at(now);
  return txRate + reserved + needKbps < server.maxBandwidth;
}

/** The nearest of the servers, of several the least loaded, of several the first. */
export function nearest(
  servers: Iterable<ListedServer>,
  addresses: readonly string[],
  countryOf: CountryOf,
): ListedServer | undefined {
  const nearnessOf = nearnessTo(addresses, countryOf);
  const now = Date.now();
  let best: { listed: ListedServer; nearness: number; load: number } | undefined;
  for (const listed of servers) {
    const [nearness, load] = [nearnessOf(listed), used(listed, now)];
    const better = best === undefined || nearness > best.nearness || (nearness === best.nearness && load < best.load);
    if (better) best = { listed, nearness, load };
  }
  return best?.listed;
}
