import { RelayTable } from '../relay/relay-table.ts';
import type { IngestEndReason, IngestOptions, IngestStats } from '../types.ts';
import { FramingSessions } from './framing-sessions.ts';
import { IngestSession } from './ingest-session.ts';
import { OwnPort } from './own-port.ts';
import { Pacer } from './pacer.ts';
import { PacketBundle } from './packet-bundle.ts';
import { ChunkPool } from './packet-store.ts';
import type { OpenFailure, ThreadOptions, ThreadRequest } from './protocol.ts';
import { SendArena } from './send-arena.ts';
import { SharedPort } from './shared-port.ts';
import type { ThreadContext } from './thread-context.ts';

/** Periods of the thread's own work; shorter in tests. */
export interface ThreadTiming {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly tickMs: number;
  readonly statsMs: number;
}

const TIMING: ThreadTiming = { now: () => performance.now(), tickMs: 100, statsMs: 1000 };
const MINUTE_MS = 60_000;
/** A tick that comes later than this tells of a blocked thread. */
const LATE_TICK_MS = 1000;

interface Slot {
  readonly session: IngestSession;
  port: OwnPort | undefined;
}

/** What runs in a media thread: its ingests, one timer for all periodic work, and the messages from the main thread. */
export class MediaThread {
  readonly #context: ThreadContext;
  readonly #timing: ThreadTiming;
  readonly #slots = new Map<number, Slot>();
  readonly #framings: FramingSessions;
  readonly #relays: RelayTable;
  #shared: SharedPort | undefined;
  #timer: NodeJS.Timeout | undefined;
  #tickedAtMs = 0;
  #sampledAtMs = 0;
  #unknownToldAtMs = 0;
  #bufferChecked = false;
  #unknownTold = 0;
  #closed = false;

  constructor(options: ThreadOptions, tell: ThreadContext['tell'], timing = TIMING) {
    const { now } = timing;
    this.#timing = timing;
    this.#context = {
      options,
      tell,
      now,
      pacer: new Pacer(),
      chunks: new ChunkPool(),
      arena: new SendArena(),
      bundle: new PacketBundle(),
    };
    this.#framings = new FramingSessions(this.#context);
    this.#relays = new RelayTable(this.#context);
  }

  /** Opens the shared port where there is one, and says `ready`. */
  async start(): Promise<void> {
    const { options, now, tell } = this.#context;
    if (options.mode === 'single') {
      const { listenAddress: address, singlePort: port, receiveBufferBytes } = options;
      const shared = new SharedPort({ address, port, receiveBufferBytes, now });
      try {
        await shared.open();
      } catch (error) {
        tell({ type: 'startFailed', port, reason: systemErrorOf(error).reason });
        return;
      }
      this.#shared = shared;
      this.#checkReceiveBuffer(shared.receiveBufferBytes);
    }
    this.#tickedAtMs = now();
    this.#sampledAtMs = this.#tickedAtMs;
    this.#unknownToldAtMs = this.#tickedAtMs - MINUTE_MS;
    this.#timer = setInterval(() => this.#tick(), this.#timing.tickMs);
    tell({ type: 'ready' });
  }

  /** Requests for an ingest that has ended meanwhile are dropped. */
  onRequest(request: ThreadRequest): void {
    switch (request.type) {
      case 'open':
        void this.#open(request.key, request.port, request.options);
        return;
      case 'answer':
        return this.#onAnswer(request.key, request.answer.ssrc, () => {
          this.#slots.get(request.key)?.session.setAnswer(request.answer);
        });
      case 'expectChange':
      case 'speed':
      case 'addOutput':
      case 'addPlayerOutput':
      case 'playerOutput':
      case 'removeOutput':
        return onSession(this.#slots.get(request.key)?.session, request);
      case 'close':
        return this.#end(request.key, 'closed');
      case 'framing':
        return this.#framings.onRequest(request.request);
      case 'relay':
        return this.#relays.onRequest(request.key, request.request);
      case 'shutdown':
        return this.close();
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const key of this.#slots.keys()) this.#end(key, 'closed');
    this.#relays.close();
    this.#shared?.close();
    this.#framings.close();
    this.#context.pacer.close();
  }

  async #open(key: number, port: number, ingest: IngestOptions): Promise<void> {
    const { options } = this.#context;
    const onEnded = (session: IngestSession, reason: IngestEndReason): void => this.#end(session.key, reason);
    const ownPort = this.#shared === undefined || ingest.transport === 'tcp-active';
    const session = new IngestSession({ key, ingest, ownPort, onEnded }, this.#context);
    const slot: Slot = { session, port: undefined };
    if (ingest.transport === 'tcp-active') return this.#opened(key, port, slot);
    if (this.#shared !== undefined) {
      if (this.#shared.add(session, ingest.ssrc)) return this.#opened(key, this.#shared.port, slot);
      session.close();
      return this.#refuse(key, 'ssrc_taken', `SSRC ${ingest.ssrc}`);
    }
    try {
      const { listenAddress: address, receiveBufferBytes } = options;
      slot.port = await OwnPort.open({ address, port, receiveBufferBytes }, session);
    } catch (error) {
      session.close();
      const { code, reason } = systemErrorOf(error);
      return this.#refuse(key, code === 'EADDRINUSE' || code === 'EACCES' ? 'port_in_use' : 'bind_failed', reason);
    }
    if (this.#closed) {
      slot.port.close();
      return session.close();
    }
    this.#checkReceiveBuffer(slot.port.receiveBufferBytes);
    this.#opened(key, slot.port.port, slot);
  }

  #opened(key: number, port: number, slot: Slot): void {
    this.#slots.set(key, slot);
    this.#context.tell({ type: 'opened', key, port });
  }

  #refuse(key: number, failure: OpenFailure, reason: string): void {
    this.#context.tell({ type: 'openFailed', key, failure, reason });
  }

  /** On the shared port the SSRC of the answer counts beside the offered one. */
  #onAnswer(key: number, ssrc: number | undefined, apply: () => void): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    if (this.#shared !== undefined && ssrc !== undefined && ssrc !== 0 && !this.#shared.add(slot.session, ssrc)) {
      this.#log('warn', { ingest: slot.session.ingest.id, ssrc }, 'SSRC of the answer belongs to another ingest');
    }
    apply();
  }

  #end(key: number, reason: IngestEndReason): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    this.#shared?.remove(slot.session);
    slot.port?.close();
    const stats = slot.session.stats();
    slot.session.close();
    this.#context.tell({ type: 'ended', key, reason, stats });
  }

  #tick(): void {
    const nowMs = this.#context.now();
    if (nowMs - this.#tickedAtMs > LATE_TICK_MS) {
      this.#log('warn', { lateMs: Math.round(nowMs - this.#tickedAtMs) }, 'media thread was blocked');
    }
    this.#tickedAtMs = nowMs;
    for (const { session } of this.#slots.values()) session.tick(nowMs);
    this.#relays.tick(nowMs);
    this.#shared?.tick(nowMs);
    this.#framings.tick(nowMs);
    // Half a tick early rather than a tick late.
    if (nowMs - this.#sampledAtMs < this.#timing.statsMs - this.#timing.tickMs / 2) return;
    this.#sampledAtMs = nowMs;
    this.#relays.sample(nowMs);
    this.#tellStats(nowMs);
  }

  #tellStats(nowMs: number): void {
    const entries: { key: number; stats: IngestStats }[] = [];
    for (const { session } of this.#slots.values()) {
      const stats = session.sampleStats(nowMs);
      if (stats !== undefined) entries.push({ key: session.key, stats });
    }
    const { user, system } = process.threadCpuUsage();
    const { heapTotal, external } = process.memoryUsage();
    this.#context.tell({
      type: 'stats',
      entries,
      cpuSeconds: (user + system) / 1e6,
      residentBytes: heapTotal + external,
    });
    this.#framings.tellStats();
    const unknown = this.#shared?.unknownSsrc ?? 0;
    if (unknown !== this.#unknownTold && nowMs - this.#unknownToldAtMs >= MINUTE_MS) {
      this.#unknownToldAtMs = nowMs;
      this.#log('warn', { packets: unknown - this.#unknownTold }, 'packets of an unknown SSRC on the single port');
      this.#unknownTold = unknown;
    }
  }

  #checkReceiveBuffer(grantedBytes: number): void {
    const wantedBytes = this.#context.options.receiveBufferBytes;
    if (this.#bufferChecked) return;
    this.#bufferChecked = true;
    if (grantedBytes >= wantedBytes) return;
    this.#log('warn', { wantedBytes, grantedBytes, sysctl: 'net.core.rmem_max' }, 'kernel caps the UDP receive buffer');
  }

  #log(level: 'warn', fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#context.tell({ type: 'log', level, fields, message });
  }
}

type SessionRequest = Extract<
  ThreadRequest,
  { readonly type: 'expectChange' | 'speed' | 'addOutput' | 'addPlayerOutput' | 'playerOutput' | 'removeOutput' }
>;

/** What is for one ingest, which may have ended meanwhile. */
function onSession(session: IngestSession | undefined, request: SessionRequest): void {
  switch (request.type) {
    case 'expectChange':
      return session?.expectChange();
    case 'speed':
      return session?.setSpeed(request.speed);
    case 'addOutput':
      return session?.addOutput(request.outputId, request.target);
    case 'addPlayerOutput':
      return session?.addPlayerOutput(request.outputId, request.target);
    case 'playerOutput':
      return session?.onPlayerAction(request.outputId, request.action);
    case 'removeOutput':
      return session?.removeOutput(request.outputId);
  }
}

function systemErrorOf(error: unknown): { code: string; reason: string } {
  if (!(error instanceof Error)) return { code: '', reason: String(error) };
  return { code: 'code' in error ? String(error.code) : '', reason: error.message };
}
