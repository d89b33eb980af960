import { createSocket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { isIPv6 } from 'node:net';
import type { types } from 'mediasoup';
import type { OutputPorts, PlayerOutput, PlayerOutputEvents } from '../media/index.ts';
import { errorMessage, safeEmit, type Logger } from '../util/index.ts';
import { PacketPortsError, WebRtcUnavailableError } from './errors.ts';
import { settlePaused } from './pause-switch.ts';
import { consumerCapabilities } from './router-cache.ts';
import type { PacketTarget } from './types.ts';

const SEND_BUFFER_BYTES = 4 * 1024 * 1024;
/** Attempts to find an even port whose neighbour is free too. */
const PAIR_ATTEMPTS = 32;
/** How often a receiver of its own RTCP port is looked for; the session timeout is a multiple of it. */
const ALIVE_INTERVAL_MS = 5000;
/** What a receiver that is no browser may ask for. */
const FEEDBACK = ['nack pli', 'ccm fir'];

/** A publication's producers, in the router with its own payload types. */
export interface PacketSource {
  readonly router: types.Router;
  producer(kind: types.MediaKind): types.Producer | undefined;
}

/** A PlainTransport that sends, and its consumers: plain RTP of a publication to one receiver. */
export class PacketOutput extends EventEmitter<PlayerOutputEvents> implements PlayerOutput {
  readonly ports: OutputPorts;
  readonly #transport: types.PlainTransport;
  readonly #consumers: readonly types.Consumer[];
  readonly #log: Logger;
  #playing = false;
  #aliveTimer: NodeJS.Timeout | undefined;
  #bytesReceived = 0;
  #lost = 0;
  #closed = false;

  private constructor(transport: types.PlainTransport, consumers: readonly types.Consumer[], log: Logger) {
    super();
    this.#transport = transport;
    this.#consumers = consumers;
    this.#log = log;
    const { tuple, rtcpTuple } = transport;
    this.ports = { rtp: tuple.localPort, rtcp: rtcpTuple?.localPort ?? tuple.localPort };
    transport.on('routerclose', () => this.close());
    if (rtcpTuple === undefined) return;
    this.#aliveTimer = setInterval(() => this.#lookForRtcp(), ALIVE_INTERVAL_MS);
    this.#aliveTimer.unref();
  }

  /** @throws PacketPortsError, WebRtcUnavailableError */
  static async create(source: PacketSource, target: PacketTarget, log: Logger): Promise<PacketOutput> {
    const { router } = source;
    const producers = target.kinds.flatMap((kind) => source.producer(kind) ?? []);
    // Its router may go on for others.
    const hasEnded = (): boolean => router.closed || producers.some(({ closed }) => closed);
    if (hasEnded()) throw new WebRtcUnavailableError('the publication has ended');
    const transport = await createTransport(router, target);
    try {
      const { address: ip, rtpPort: port, rtcpPort } = target;
      await transport.connect({ ip, port, ...(rtcpPort === undefined ? {} : { rtcpPort }) });
      const consumers: types.Consumer[] = [];
      const rtpCapabilities = consumerCapabilities(router, FEEDBACK);
      for (const { id: producerId } of producers) {
        // Without retransmission, which plain RTP has no word for: what it would keep for that is memory for nothing.
        consumers.push(await transport.consume({ producerId, rtpCapabilities, paused: true, enableRtx: false }));
      }
      return new PacketOutput(transport, consumers, log);
    } catch (error) {
      transport.close();
      if (hasEnded()) throw new WebRtcUnavailableError('the publication has ended', { cause: error });
      throw error;
    }
  }

  get ssrc(): number {
    return this.#consumers[0]?.rtpParameters.encodings?.[0]?.ssrc ?? 0;
  }

  setPlaying(playing: boolean): void {
    if (this.#closed || this.#playing === playing) return;
    this.#playing = playing;
    // Going on, the worker waits for a key frame and asks for it.
    for (const consumer of this.#consumers) settlePaused(consumer, () => !this.#playing).catch(this.#handleFailure);
  }

  requestKeyFrame(): void {
    if (this.#closed) return;
    for (const consumer of this.#consumers) {
      if (consumer.kind === 'video') consumer.requestKeyFrame().catch(this.#handleFailure);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#aliveTimer);
    this.#transport.close();
    this.removeAllListeners();
  }

  /** mediasoup keeps a receiver's reports for itself; that bytes came back is what tells of them. */
  #lookForRtcp(): void {
    this.#transport.getStats().then(([stats]) => {
      const bytes = stats?.bytesReceived ?? 0;
      if (bytes === this.#bytesReceived || this.#closed) return;
      this.#bytesReceived = bytes;
      safeEmit(this, this.#log, 'alive');
      this.#lookForLoss();
    }, this.#handleFailure);
  }

  /** Players of plain RTP do not ask for what they have lost, nor for a new picture: their reports tell it. */
  #lookForLoss(): void {
    const video = this.#consumers.find(({ kind }) => kind === 'video');
    video?.getStats().then((all) => {
      const lost = all.find(({ type }) => type === 'outbound-rtp')?.packetsLost ?? 0;
      if (lost > this.#lost) this.requestKeyFrame();
      this.#lost = Math.max(this.#lost, lost);
    }, this.#handleFailure);
  }

  readonly #handleFailure = (error: unknown): void => {
    if (!this.#closed) this.#log.debug({ error: errorMessage(error) }, 'packet output failed');
  };
}

async function createTransport(router: types.Router, target: PacketTarget): Promise<types.PlainTransport> {
  const listen = { protocol: 'udp', ip: target.localAddress, sendBufferSize: SEND_BUFFER_BYTES } as const;
  if (target.rtcpPort === undefined) return router.createPlainTransport({ listenInfo: listen, rtcpMux: true });
  let cause: unknown;
  for (let attempt = 0; attempt < PAIR_ATTEMPTS; attempt += 1) {
    try {
      const port = await freePort(target.localAddress);
      // Players send their reports to the port behind the one for RTP, whatever the answer says (FFmpeg).
      return await router.createPlainTransport({
        listenInfo: { ...listen, port },
        rtcpListenInfo: { ...listen, port: port + 1 },
        rtcpMux: false,
      });
    } catch (error) {
      if (router.closed) throw new WebRtcUnavailableError('the publication has ended', { cause: error });
      cause = error;
    }
  }
  throw new PacketPortsError(`no pair of UDP ports is free at ${target.localAddress}`, { cause });
}

/** An even port that the system has just found free: the worker binds only ports that it is told. */
async function freePort(address: string): Promise<number> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const bound = Promise.withResolvers<undefined>();
  socket.once('error', bound.reject);
  socket.bind(0, address, () => bound.resolve(undefined));
  try {
    await bound.promise;
    return socket.address().port & ~1;
  } finally {
    socket.close();
  }
}
