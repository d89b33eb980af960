import type { FramingStats } from '../types.ts';
import type { FramingNotice, FramingRequest } from './protocol.ts';
import { PacketFraming } from './packet-framing.ts';
import type { ThreadContext } from './thread-context.ts';
import { UdpPort } from './udp-port.ts';

const LOOPBACK = '127.0.0.1';
/** A key frame arrives in one burst. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

interface Session {
  readonly framing: PacketFraming;
  port: UdpPort | undefined;
  toldPackets: number;
}

/** The framings of one media thread, with their loopback ports. */
export class FramingSessions {
  readonly #context: ThreadContext;
  readonly #sessions = new Map<number, Session>();

  constructor(context: ThreadContext) {
    this.#context = context;
  }

  onRequest(request: FramingRequest): void {
    if (request.name === 'open') void this.#open(request);
    else this.#close(request.key);
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

  async #open({ key, tracks }: Extract<FramingRequest, { name: 'open' }>): Promise<void> {
    const { now, options } = this.#context;
    const framing = new PacketFraming({
      tracks,
      reorderMs: options.reorderMs,
      onFrames: (frames) => this.#tell({ name: 'frames', key, frames }, [frames.data.buffer]),
      onDescribed: (video) => this.#tell({ name: 'described', key, video }),
    });
    const session: Session = { framing, port: undefined, toldPackets: 0 };
    this.#sessions.set(key, session);
    try {
      session.port = await UdpPort.open({
        address: LOOPBACK,
        port: 0,
        receiveBufferBytes: RECEIVE_BUFFER_BYTES,
        onMessage: (message) => framing.onDatagram(message, now()),
      });
    } catch (error) {
      this.#sessions.delete(key);
      this.#tell({ name: 'failed', key, reason: error instanceof Error ? error.message : String(error) });
      return;
    }
    if (this.#sessions.get(key) === session) this.#tell({ name: 'opened', key, port: session.port.port });
    else session.port.close();
  }

  #tell(notice: FramingNotice, transfer?: readonly ArrayBuffer[]): void {
    this.#context.tell({ type: 'framing', notice }, transfer);
  }

  #close(key: number): void {
    const session = this.#sessions.get(key);
    this.#sessions.delete(key);
    session?.port?.close();
    session?.framing.close();
  }
}
