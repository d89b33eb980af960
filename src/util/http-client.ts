import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { AddressBlocks } from './address-blocks.ts';
import { plainAddress } from './plain-address.ts';

/** Who sends an HTTP request, as seen from the far side of our own proxies. */
export interface HttpClient {
  readonly address: string;
  /** `host` or `host:port` that the client used; undefined where it said none. */
  readonly host: string | undefined;
  /** The client's connection is HTTPS or wss. */
  readonly secure: boolean;
}

/** The part of an `IncomingMessage` that tells it. */
export interface ClientRequest {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean };
}

/** Proxies in a row; nobody has more. */
const MAX_HOPS = 20;
const MAX_HOST = 256;
/** RFC 9110 §7.2: name or address, with or without port. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{1,5})?$/i;

/** Tells clients from the proxies that stand before us. */
export class HttpClients {
  readonly #proxies: AddressBlocks;

  /** Whose `X-Forwarded-For`, `-Proto` and `-Host` are believed: addresses and blocks. Everybody else's are ignored. */
  constructor(trustedProxies: readonly string[]) {
    this.#proxies = new AddressBlocks(trustedProxies);
  }

  /** Whether it is one of the proxies that are believed. */
  isProxy(address: string): boolean {
    return this.#proxies.has(address);
  }

  of({ headers, socket }: ClientRequest): HttpClient {
    const peer = plainAddress(socket.remoteAddress);
    const host = headers.host?.slice(0, MAX_HOST);
    const secure = socket.encrypted === true;
    if (!this.#proxies.has(peer)) return { address: peer, host, secure };
    return {
      address: this.#clientBehind(peer, headers['x-forwarded-for']),
      host: hostOf(headers['x-forwarded-host']) ?? host,
      secure: secureOf(headers['x-forwarded-proto']) ?? secure,
    };
  }

  /**
   * From the right, because each proxy appends whom it was asked by: the first who is no proxy of ours is the client,
   * and what stands left of it is its own word. Where an entry is no address, who told it counts.
   */
  #clientBehind(peer: string, header: Header): string {
    const hops = textOf(header).split(',').slice(-MAX_HOPS);
    let address = peer;
    for (const hop of hops.toReversed()) {
      const next = addressOf(hop.trim());
      if (next === undefined) break;
      address = next;
      if (!this.#proxies.has(address)) break;
    }
    return address;
  }
}

type Header = string | string[] | undefined;

const textOf = (header: Header): string => (Array.isArray(header) ? header.join(',') : (header ?? ''));

/** What the first proxy saw. */
const firstOf = (header: Header): string => textOf(header).split(',', 1)[0]?.trim() ?? '';

/** Some proxies append a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressOf(hop: string): string | undefined {
  const bracketed = /^\[([0-9a-f:.]+)\](?::\d{1,5})?$/i.exec(hop)?.[1];
  const ported = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(hop)?.[1];
  const address = plainAddress(bracketed ?? ported ?? hop).toLowerCase();
  // A zone means something on the other machine only.
  return isIP(address) === 0 || address.includes('%') ? undefined : address;
}

function hostOf(header: Header): string | undefined {
  const host = firstOf(header);
  return host.length <= MAX_HOST && HOST.test(host) ? host : undefined;
}

function secureOf(header: Header): boolean | undefined {
  switch (firstOf(header).toLowerCase()) {
    case 'https':
    case 'wss':
      return true;
    case 'http':
    case 'ws':
      return false;
    default:
      return undefined;
  }
}
