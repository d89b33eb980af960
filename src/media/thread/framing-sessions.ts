import { parseRtcp, reportedLoss } from '../rtp/rtcp.ts';
import type { FramingStats, OutputPorts } from '../types.ts';
import { FramePort } from './frame-port.ts';
import { PairPort, type OutputPort } from './output-port.ts';
import { PacketFraming } from './packet-framing.ts';
import type { FramingNotice, FramingRequest } from './protocol.ts';
import type { ThreadContext } from './thread-context.ts';
import { UdpPort } from './udp-port.ts';

const LOOPBACK = '127.0.0.1';
/** A key frame arrives in one burst. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const ALIVE_INTERVAL_MS = 5000;

type OpenRequest = Extract<FramingRequest, { name: 'open' }>;

interface Session {
  readonly framing: PacketFraming;
  intake: UdpPort | undefined;
  toldPackets: number;
  aliveAtMs: number;
  /** As the player tells. */
  lost: number;
}

/** The framings of one media thread, with their loopback ports. */
export class FramingSessions {
  readonly #context: ThreadContext;
  readonly #sessions = new Map<number, Session>();

  constructor(context: ThreadContext) {
    this.#context = context;
  }

  onRequest(request: FramingRequest): void {
    if (request.name === 'close') return this.#close(request.key);
    this.#open(request).catch((error: unknown) => {
      this.#close(request.key);
      this.#tell({ name: 'failed', key: request.key, reason: error instanceof Error ? error.message : String(error) });
    });
  }

  tick(nowMs: number): void {
    for (const { framing } of this.#sessions.values()) framing.tick(nowMs);
  }

  /** Those of which something has come since the last call. */
  tellStats(): void {
    const entries: { key: number; stats: FramingStats }[] = [];
    for (const [key, session] of this.#sessions) {
      const { stats } = session.framing;
      if (stats.packets === session.toldPackets) continue;
      session.toldPackets = stats.packets;
      entries.push({ key, stats });
    }
    if (entries.length > 0) this.#tell({ name: 'stats', entries });
  }

  close(): void {
    for (const key of this.#sessions.keys()) this.#close(key);
  }

  async #open({ key, tracks, output }: OpenRequest): Promise<void> {
    const { now, options } = this.#context;
    const port =
      output.kind === 'udp'
        ? new PairPort(output)
        : new FramePort((frames) => this.#tell({ name: 'frames', key, frames }, [frames.data.buffer]));
    const framing = new PacketFraming({
      tracks,
      reorderMs: options.reorderMs,
      port,
      onDescribed: (video) => this.#tell({ name: 'described', key, video }),
    });
    const session: Session = {
      framing,
      intake: undefined,
      toldPackets: 0,
      aliveAtMs: Number.NEGATIVE_INFINITY,
      lost: 0,
    };
    this.#sessions.set(key, session);
    const ports = await this.#openPort(key, session, port);
    const intake = await UdpPort.open({
      address: LOOPBACK,
      port: 0,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
      onMessage: (message) => framing.onDatagram(message, now()),
    });
    if (this.#sessions.get(key) !== session) return intake.close();
    session.intake = intake;
    this.#tell({ name: 'opened', key, port: intake.port, ports });
  }

  #openPort(key: number, session: Session, port: OutputPort): Promise<OutputPorts> {
    const opening = Promise.withResolvers<OutputPorts>();
    port.open({
      onReady: opening.resolve,
      onControl: (message) => this.#onControl(key, session, message),
      // A player that is gone is found out by its silence.
      onError: () => undefined,
      onFailed: () => opening.reject(new TypeError('no pair of ports is free')),
    });
    return opening.promise;
  }

  /** RTCP of the player. */
  #onControl(key: number, session: Session, message: Buffer): void {
    const records = parseRtcp(message);
    if (typeof records === 'string') return;
    const nowMs = this.#context.now();
    if (nowMs - session.aliveAtMs >= ALIVE_INTERVAL_MS) {
      session.aliveAtMs = nowMs;
      this.#tell({ name: 'alive', key });
    }
    // Players of plain RTP do not ask for what they have lost, nor for a new picture: their reports tell it.
    const lost = reportedLoss(message);
    const isBroken = lost > session.lost;
    session.lost = Math.max(session.lost, lost);
    if (isBroken || records.some(({ type }) => type === 'pli' || type === 'fir'))
      this.#tell({ name: 'keyFrameRequested', key });
  }

  #tell(notice: FramingNotice, transfer?: readonly ArrayBuffer[]): void {
    this.#context.tell({ type: 'framing', notice }, transfer);
  }

  #close(key: number): void {
    const session = this.#sessions.get(key);
    this.#sessions.delete(key);
    session?.intake?.close();
    session?.framing.close();
  }
}
