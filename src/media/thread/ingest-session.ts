import type { RemoteInfo } from 'node:dgram';
import type { Socket } from 'node:net';
import type { IngestAnswer, IngestEndReason, IngestOptions, IngestStats } from '../types.ts';
import { IngestPipeline } from './ingest-pipeline.ts';
import { IngestCounters } from './ingest-stats.ts';
import type { IngestFact, OutputTarget, PlayerOutputAction, PlayerOutputTarget } from './protocol.ts';
import { ReceiverReporter } from './receiver-reporter.ts';
import { RtpIntake } from './rtp-intake.ts';
import { TcpConnection } from './tcp-connection.ts';
import { TcpConnections } from './tcp-connections.ts';
import { TcpConnector } from './tcp-connector.ts';
import type { ThreadContext } from './thread-context.ts';
import type { UdpPort } from './udp-port.ts';

/** A device that lost its connection comes back within this time or not at all. */
const RECONNECT_MS = 15_000;

export interface IngestSessionOptions {
  readonly key: number;
  readonly ingest: IngestOptions;
  /** False on the shared port. */
  readonly ownPort: boolean;
  readonly onEnded: (session: IngestSession, reason: IngestEndReason) => void;
}

/** One ingest inside its media thread; sockets that it does not share are opened by `IngestSockets`. */
export class IngestSession {
  readonly key: number;
  readonly ingest: IngestOptions;
  readonly intake: RtpIntake;
  readonly connections: TcpConnections;
  readonly #options: IngestSessionOptions;
  readonly #context: ThreadContext;
  readonly #counters: IngestCounters;
  readonly #pipeline: IngestPipeline;
  readonly #reporter: ReceiverReporter;
  #connector: TcpConnector | undefined;
  #mediaUdp: { readonly from: RemoteInfo; readonly reportVia: UdpPort } | undefined;
  #mediaClosedAtMs = -1;
  #deviceAddress: string | undefined;
  #sampledPackets = 0;
  #toldRunning = false;
  #closed = false;

  constructor(options: IngestSessionOptions, context: ThreadContext) {
    const nowMs = context.now();
    const tell = (fact: IngestFact): void => context.tell({ type: 'fact', key: options.key, fact });
    this.key = options.key;
    this.ingest = options.ingest;
    this.#options = options;
    this.#context = context;
    this.#counters = new IngestCounters(nowMs);
    const { material = 'live' } = options.ingest;
    this.#pipeline = new IngestPipeline({ context, counters: this.#counters, material, tell });
    this.intake = new RtpIntake(
      { ingest: options.ingest, ownPort: options.ownPort, reorderMs: context.options.reorderMs, nowMs },
      {
        counters: this.#counters,
        depacketizer: this.#pipeline.depacketizer,
        tell,
        onGap: () => this.#pipeline.feed.onGap(),
      },
    );
    this.#reporter = new ReceiverReporter(this.intake.statistics, nowMs);
    this.connections = new TcpConnections({
      intake: this.intake,
      now: context.now,
      onMediaClosed: () => {
        this.#mediaClosedAtMs = context.now();
      },
      onClosed: () => this.#connector?.onClosed(context.now()),
    });
  }

  /** Where the answer says that the device is. */
  get deviceAddress(): string | undefined {
    return this.#deviceAddress;
  }

  onDatagram(message: Buffer, from: RemoteInfo, via: { readonly rtp: UdpPort; readonly rtcp: UdpPort }): void {
    if (this.#closed) return;
    const intake = this.intake.onDatagram(message, from, this.#context.now());
    if (intake === 'rtcp') this.#reporter.onRtcp(from, via.rtp);
    if (intake === 'media' && (this.#mediaUdp === undefined || this.#mediaUdp.from.port !== from.port)) {
      this.#mediaUdp = { from, reportVia: via.rtcp };
    }
  }

  /** A datagram on the RTCP port. */
  onRtcpDatagram(message: Buffer, from: RemoteInfo, via: UdpPort): void {
    if (this.#closed) return;
    const intake = this.intake.onControl(message, this.#context.now());
    if (intake === 'rtcp') this.#reporter.onRtcp(from, via);
  }

  onSocket(socket: Socket): void {
    if (this.#closed) socket.destroy();
    else this.connections.adopt(new TcpConnection(socket, this.connections, this.#context.now()));
  }

  setAnswer(answer: IngestAnswer): void {
    const nowMs = this.#context.now();
    this.#deviceAddress = answer.remoteAddress;
    this.intake.onAnswer(answer, nowMs);
    this.#pipeline.depacketizer.setPayloads(answer.payloads);
    if (this.ingest.transport === 'tcp-active') this.#connect(answer, nowMs);
  }

  expectChange(): void {
    this.#pipeline.expectChange();
  }

  setSpeed(speed: number): void {
    this.#pipeline.setSpeed(speed);
  }

  addOutput(outputId: number, target: OutputTarget): void {
    this.#pipeline.addOutput(outputId, target);
  }

  addPlayerOutput(outputId: number, target: PlayerOutputTarget): void {
    this.#pipeline.addPlayerOutput(outputId, target, (event) => {
      const transfer = event.name === 'frames' ? [event.frames.data.buffer] : [];
      this.#context.tell({ type: 'output', key: this.key, outputId, event }, transfer);
    });
  }

  onPlayerAction(outputId: number, action: PlayerOutputAction): void {
    this.#pipeline.feed.onPlayerAction(outputId, action);
  }

  removeOutput(outputId: number): void {
    this.#pipeline.removeOutput(outputId);
  }

  /** Every 100 ms. */
  tick(nowMs: number): void {
    this.intake.tick(nowMs);
    this.#pipeline.tick(nowMs);
    this.connections.tick(nowMs);
    this.#watchTcp(nowMs);
    this.#connector?.tick(nowMs);
    if (this.#reporter.isDue(nowMs)) this.#report(nowMs);
  }

  /** Once a second; undefined while nothing arrives (but once when it stops). */
  sampleStats(nowMs: number): IngestStats | undefined {
    const before = this.#sampledPackets;
    const after = this.#counters.packets + this.#counters.wrongSsrc + this.#counters.wrongSource;
    this.#counters.sample(nowMs);
    const running = after !== before;
    const told = this.#toldRunning;
    this.#sampledPackets = after;
    this.#toldRunning = running;
    return running || told ? this.stats() : undefined;
  }

  stats(): IngestStats {
    const { lost, reordered, duplicates } = this.intake.order;
    return this.#counters.snapshot({ lost, reordered, duplicates, resyncs: this.connections.resyncs });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connector?.close();
    this.connections.close();
    this.intake.close();
    this.#pipeline.close();
  }

  #connect(answer: IngestAnswer, nowMs: number): void {
    if (this.#connector !== undefined) return;
    const { remoteAddress: address, remotePort: port } = answer;
    if (address === undefined || port === undefined || port < 1 || port > 65_535) {
      this.#options.onEnded(this, 'connect_failed');
      return;
    }
    this.#connector = new TcpConnector(
      {
        address,
        port,
        onSocket: (socket) => this.onSocket(socket),
        onGivenUp: () => this.#options.onEnded(this, this.intake.started ? 'tcp_closed' : 'connect_failed'),
      },
      nowMs,
    );
  }

  /** Media over TCP: a row of attempts is forgotten once it flows; a device that does not come back has ended. */
  #watchTcp(nowMs: number): void {
    if (this.connections.active !== undefined) {
      this.#mediaClosedAtMs = -1;
      this.#connector?.onMedia();
    } else if (this.#mediaClosedAtMs >= 0 && this.#connector === undefined) {
      if (this.intake.lastMediaMs > this.#mediaClosedAtMs) this.#mediaClosedAtMs = -1;
      else if (nowMs - this.#mediaClosedAtMs >= RECONNECT_MS) this.#options.onEnded(this, 'tcp_closed');
    }
  }

  #report(nowMs: number): void {
    const { active } = this.connections;
    if (active !== undefined) this.#reporter.sendOverTcp(active, nowMs);
    else if (this.#mediaUdp !== undefined)
      this.#reporter.sendOverUdp(this.#mediaUdp.from, this.#mediaUdp.reportVia, nowMs);
  }
}
