import { randomBytes } from 'node:crypto';
import type { RtpPublication, RtpPublishRequest } from '../../stream/index.ts';
import type { Logger } from '../../util/index.ts';
import type { DescribedTrack } from '../description.ts';
import { formatSession, parseSession } from '../headers/session.ts';
import { formatTransport, parseTransport, type PortPair, type TransportSpec } from '../headers/transport.ts';
import type { WriterSocket } from '../interleaved-writer.ts';
import type { RtspRequest, RtspResponse } from '../message.ts';
import type { RtspStatus } from '../status.ts';
import { findTrack } from './announcement.ts';
import { PacketCollector } from './packet-collector.ts';

/** Takes streams that come as RTP. */
export interface PublishTarget {
  /** @throws GatewayError */
  publishRtp(name: string, request: RtpPublishRequest): Promise<RtpPublication>;
}

export interface PublisherOptions {
  readonly publication: RtpPublication;
  readonly tracks: readonly DescribedTrack[];
  readonly socket: WriterSocket;
  readonly remoteAddress: string;
  readonly sessionTimeoutSec: number;
  /** The publication has ended without the publisher's doing. */
  readonly onEnded: (reason: string) => void;
  readonly log: Logger;
}

/** RTCP for a publisher that does not read is not kept. */
const MAX_WAITING_BYTES = 65_536;
const MAX_CHANNEL = 255;
/** What has come of a picture waits for the rest of it no longer. */
const HOLD_MS = 10;
/** RFC 2326 appendix A.1: what a publisher may ask in no state. */
const NOT_HERE: ReadonlySet<string> = new Set(['ANNOUNCE', 'DESCRIBE', 'PLAY']);
const NEEDS_SESSION: ReadonlySet<string> = new Set(['RECORD', 'PAUSE', 'TEARDOWN']);
const MAY_NAME_SESSION: ReadonlySet<string> = new Set(['SETUP', 'GET_PARAMETER', 'SET_PARAMETER']);

/** One who has announced a stream: its tracks, and whether they flow (RFC 2326 §10.4, §10.11, appendix A.2). */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #id = randomBytes(8).toString('hex');
  readonly #collector: PacketCollector;
  readonly #lower = new Map<number, TransportSpec['lower']>();
  #state: 'ready' | 'recording' | 'closed' = 'ready';
  #held: NodeJS.Timeout | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    const { publication, socket, tracks, onEnded } = options;
    this.#collector = new PacketCollector((track) => tracks[track]?.offer.kind === 'video');
    publication.on('rtcp', (framed) => {
      const outward = this.#collector.outward(framed);
      if (outward !== undefined && socket.writableLength <= MAX_WAITING_BYTES) socket.write(outward);
    });
    publication.once('closed', (reason) => {
      if (this.#state !== 'closed') onEnded(`the publication ended: ${reason}`);
    });
  }

  get state(): 'ready' | 'recording' | 'closed' {
    return this.#state;
  }

  /** Undefined for a method that has nothing to do with publishing. @throws GatewayError */
  async handle(request: RtspRequest): Promise<RtspResponse | undefined> {
    const { method, headers, body } = request;
    if (NOT_HERE.has(method)) return { status: 455 };
    const needsSession = NEEDS_SESSION.has(method);
    if (!needsSession && !MAY_NAME_SESSION.has(method)) return undefined;
    const named = headers.get('session');
    if ((needsSession || named !== undefined) && parseSession(named ?? '')?.id !== this.#id) return { status: 454 };
    if (method === 'SETUP') return this.#setup(request);
    return needsSession ? this.#act(method) : this.#answer(body.length === 0 ? 200 : 451);
  }

  /** An interleaved packet, in memory that is not used again. */
  onPacket(channel: number, packet: Buffer): void {
    if (this.#state === 'recording') this.#collector.add(channel, packet);
  }

  /** To be called behind the packets of a chunk: hands on what is complete. */
  flush(): void {
    const { due } = this.#collector;
    if (due === true) this.#handOn();
    else if (due === false) this.#held ??= setTimeout(() => this.#handOn(), HOLD_MS);
  }

  #handOn(): void {
    clearTimeout(this.#held);
    this.#held = undefined;
    const framed = this.#collector.take();
    if (framed !== undefined) this.#options.publication.push(framed);
  }

  /** Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#handOn();
    const { stray } = this.#collector;
    if (stray > 0) this.#options.log.info({ packets: stray }, 'packets on channels without a track');
    this.#options.publication.close('peer_closed');
  }

  async #setup(request: RtspRequest): Promise<RtspResponse> {
    const { tracks, publication } = this.#options;
    const found = findTrack(request.uri, tracks);
    if (found === undefined) return { status: 404 };
    if (found.stream !== undefined && found.stream !== publication.stream) return { status: 459 };
    if (this.#state !== 'ready' || this.#lower.has(found.track)) return { status: 455 };
    const spec = parseTransport(request.headers.get('transport') ?? '').find((candidate) => this.#canUse(candidate));
    if (spec === undefined) return { status: 461 };
    this.#lower.set(found.track, spec.lower);
    try {
      const chosen = spec.lower === 'udp' ? await this.#setupUdp(found.track, spec) : this.#setupTcp(found.track, spec);
      return this.#answer(200, { Transport: formatTransport({ ...chosen, mode: 'record' }) });
    } catch (error) {
      this.#lower.delete(found.track);
      throw error;
    }
  }

  #canUse({ lower, delivery, mode, clientPorts }: TransportSpec): boolean {
    if (delivery === 'multicast' || (mode !== undefined && mode !== 'record' && mode !== 'receive')) return false;
    const [first] = this.#lower.values();
    if (first !== undefined && first !== lower) return false;
    return lower === 'tcp' || (clientPorts !== undefined && clientPorts[0] > 0 && clientPorts[1] > 0);
  }

  async #setupUdp(track: number, { clientPorts = [0, 0] }: TransportSpec): Promise<TransportSpec> {
    const { publication, remoteAddress: address } = this.#options;
    const [rtpPort, rtcpPort] = clientPorts;
    const own = await publication.openUdp(track, { address, rtpPort, rtcpPort });
    return { lower: 'udp', delivery: 'unicast', clientPorts, serverPorts: [own.rtp, own.rtcp] };
  }

  #setupTcp(track: number, { interleaved: wished }: TransportSpec): TransportSpec {
    let pair: PortPair = wished ?? [track * 2, track * 2 + 1];
    for (let first = 0; !this.#collector.isFree(pair) && first < MAX_CHANNEL; first += 2) pair = [first, first + 1];
    this.#collector.assign(track, pair);
    return { lower: 'tcp', delivery: 'unicast', interleaved: pair };
  }

  #act(method: string): RtspResponse {
    const { publication } = this.#options;
    if (method === 'TEARDOWN') {
      this.close();
      return { status: 200 };
    }
    if (this.#lower.size === 0) return { status: 455 };
    const recording = method === 'RECORD';
    this.#state = recording ? 'recording' : 'ready';
    publication.setExpecting(recording);
    return this.#answer(200, recording ? { Range: 'npt=now-' } : {});
  }

  #answer(status: RtspStatus, headers: Readonly<Record<string, string>> = {}): RtspResponse {
    const Session = formatSession({ id: this.#id, timeoutSec: this.#options.sessionTimeoutSec });
    return { status, headers: { ...headers, Session } };
  }
}
