import { isIP } from 'node:net';
import { errorMessage, type Logger } from '../../util/index.ts';
import { SipTransportError } from '../errors.ts';
import { formatHostPort } from '../headers/uri.ts';
import { parseMessage } from '../parser.ts';
import type { RefusedConnections, SipListen, Target } from '../types.ts';
import { isWildcard, type TransportFlow } from './flow.ts';
import { LocalAddresses } from './local-address.ts';
import { TcpTransport } from './tcp.ts';
import type { ConnectionHandlers } from './tcp-connection.ts';
import { UdpListener } from './udp.ts';

/** RFC 3261 §18.1.1: larger requests go by a transport with congestion control where the path MTU is unknown. */
export const MAX_UDP_REQUEST_BYTES = 1_300;
const TCP_ATTEMPT_MS = 1_000;
/** A peer that refused TCP is not asked again for a while: each try delays a request. */
const TCP_REFUSAL_MS = 10 * 60_000;
const MAX_REFUSALS = 4_096;

export interface TransportOptions {
  readonly listen: readonly SipListen[];
  readonly advertisedHost?: string;
  readonly log: Logger;
  readonly onMessage: ConnectionHandlers['onMessage'];
  readonly onMalformed: ConnectionHandlers['onMalformed'];
  readonly onFlowClosed: (flow: TransportFlow) => void;
}

/** All sockets of an engine: finds or opens the flow to a target, and knows what we are called on it. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #udp: UdpListener[] = [];
  readonly #tcp: TcpTransport;
  readonly #listening: Array<{ readonly listen: SipListen; readonly open: () => boolean }> = [];
  readonly #local = new LocalAddresses();
  readonly #refusals = new Map<string, number>();

  private constructor(options: TransportOptions) {
    this.#options = options;
    this.#tcp = new TcpTransport({
      onMessage: options.onMessage,
      onMalformed: options.onMalformed,
      onClosed: options.onFlowClosed,
      log: options.log,
    });
  }

  /** @throws ListenError, with nothing left open */
  static async open(options: TransportOptions): Promise<Transport> {
    const transport = new Transport(options);
    try {
      for (const listen of options.listen) await transport.#listen(listen);
    } catch (error) {
      await transport.close();
      throw error;
    }
    return transport;
  }

  /** What is open now: a socket that has failed since the start is missing. */
  get listening(): readonly SipListen[] {
    return this.#listening.filter(({ open }) => open()).map(({ listen }) => listen);
  }

  get connections(): number {
    return this.#tcp.connections;
  }

  get refused(): RefusedConnections {
    return this.#tcp.refused;
  }

  /** The open flow itself, a UDP path, or a connection that is reused or opened. @throws SipTransportError */
  async flowFor(target: Target): Promise<TransportFlow> {
    const flow = isFlow(target) ? this.#ownFlow(target) : await this.#flowTo(target);
    if (isWildcard(flow.localAddress)) await this.#local.resolve(flow.remoteAddress);
    return flow;
  }

  /** TCP in place of UDP for a large request; undefined where the peer has none. */
  async tcpInstead({ remoteAddress, remotePort }: TransportFlow): Promise<TransportFlow | undefined> {
    const found = this.#tcp.find(remoteAddress, remotePort);
    if (found !== undefined) return found;
    const peer = `${remoteAddress}:${remotePort}`;
    const refused = this.#refusals.get(peer);
    if (refused !== undefined && performance.now() - refused < TCP_REFUSAL_MS) return undefined;
    try {
      return await this.#tcp.open(remoteAddress, remotePort, TCP_ATTEMPT_MS);
    } catch (error) {
      this.#options.log.debug({ peer, error: errorMessage(error) }, 'large request stays on udp');
      if (this.#refusals.size >= MAX_REFUSALS) this.#refusals.clear();
      this.#refusals.set(peer, performance.now());
      return undefined;
    }
  }

  /** `host:port` of ours for Via (RFC 3261 §18.1.1) and Contact. */
  sentBy(flow: TransportFlow): string {
    const { advertisedHost } = this.#options;
    const bound = isWildcard(flow.localAddress) ? this.#local.get(flow.remoteAddress) : flow.localAddress;
    return formatHostPort(advertisedHost ?? bound, this.#listeningPort(flow));
  }

  /** Looks up what `sentBy` will need, ahead of time. */
  async prepare(flow: TransportFlow): Promise<void> {
    if (isWildcard(flow.localAddress)) await this.#local.resolve(flow.remoteAddress);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all([...this.#udp.splice(0).map((listener) => listener.close()), this.#tcp.close()]);
  }

  async #listen(listen: SipListen): Promise<void> {
    const dualStack = !this.#options.listen.some(
      (other) => other.protocol === listen.protocol && other.port === listen.port && isIP(other.address) === 4,
    );
    if (listen.protocol === 'tcp') {
      this.#listening.push(await this.#tcp.listen(listen, dualStack));
      return;
    }
    const listener = await UdpListener.open(listen, {
      dualStack,
      onDatagram: (bytes, flow) => this.#onDatagram(bytes, flow),
      onError: (error) => this.#options.log.warn({ error: error.message }, 'udp socket error'),
    });
    this.#udp.push(listener);
    this.#listening.push({ listen: { ...listen, port: listener.port }, open: () => listener.working });
  }

  #onDatagram(bytes: Buffer, flow: TransportFlow): void {
    const message = parseMessage(bytes);
    if (typeof message !== 'string') this.#options.onMessage(message, bytes, flow);
    // Line ends alone keep a NAT binding alive.
    else if (message !== 'empty') this.#options.onMalformed(message, flow, bytes);
  }

  /** A connection's own port is of no use to a peer that wants to reach us: name the one we listen on. */
  #listeningPort(flow: TransportFlow): number {
    if (flow.protocol === 'udp') return flow.localPort;
    const listening = this.#listening.filter(({ listen }) => listen.protocol === 'tcp');
    const same = listening.find(({ listen }) => listen.port === flow.localPort);
    return (same ?? listening[0])?.listen.port ?? flow.localPort;
  }

  #ownFlow(flow: object): TransportFlow {
    if (!isTransportFlow(flow)) throw new SipTransportError('the flow belongs to another engine');
    if (flow.closed) throw new SipTransportError(`connection ${flow.id} is closed`);
    return flow;
  }

  async #flowTo(target: { protocol: string; address: string; port: number }): Promise<TransportFlow> {
    const { protocol, address, port } = target;
    if (protocol === 'tcp') return this.#tcp.open(address, port);
    const ipv6 = isIP(address) === 6;
    const usable = this.#udp.filter((listener) => listener.ipv6 === ipv6 || (listener.ipv6 && !ipv6));
    const loopback = address.startsWith('127.') || address === '::1';
    // A socket bound to loopback reaches loopback only.
    const fitting = usable.find(
      (listener) => isWildcard(listener.address) || isLoopback(listener.address) === loopback,
    );
    const listener = fitting ?? usable[0];
    if (listener === undefined) throw new SipTransportError(`no udp socket for ${formatHostPort(address, port)}`);
    return listener.flowTo(address, port);
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

function isFlow(target: Target): target is Extract<Target, { readonly id: string }> {
  return 'id' in target;
}

function isTransportFlow(flow: object): flow is TransportFlow {
  return 'send' in flow && typeof flow.send === 'function';
}
