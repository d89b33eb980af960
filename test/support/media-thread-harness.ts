import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { IngestAnswer, IngestOptions, IngestStats } from '../../src/media/index.ts';
import { MediaThread } from '../../src/media/thread/media-thread.ts';
import { BUNDLE_MARK } from '../../src/media/thread/packet-bundle.ts';
import type { IngestFact, OutputTarget, ThreadNotice, ThreadOptions } from '../../src/media/thread/protocol.ts';

export const HOST = '127.0.0.1';
export const SSRC = 200_000_001;
const PS = [{ payloadType: 96, encoding: 'PS' }];
const WAIT_MS = 8000;
const OPEN_ATTEMPTS = 20;

type FactOf<Name extends IngestFact['name']> = Extract<IngestFact, { name: Name }>;

/** A media thread inside the test's own thread, with real sockets and a clock that the test can push forward. */
export class MediaThreadHarness {
  readonly notices: ThreadNotice[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #thread: MediaThread;
  readonly #closers: (() => void)[] = [];
  #nextKey = 1;
  #shiftMs = 0;

  constructor(options: Partial<ThreadOptions> = {}) {
    const thread: ThreadOptions = {
      listenAddress: HOST,
      mode: 'ports',
      singlePort: 0,
      reorderMs: 30,
      receiveBufferBytes: 1_048_576,
      ...options,
    };
    const tell = (notice: ThreadNotice): void => {
      this.notices.push(notice);
      for (const check of this.#waiting) check();
    };
    const now = (): number => performance.now() + this.#shiftMs;
    this.#thread = new MediaThread(thread, tell, { now, tickMs: 10, statsMs: 20 });
  }

  static async start(options: Partial<ThreadOptions> = {}): Promise<MediaThreadHarness> {
    const harness = new MediaThreadHarness(options);
    await harness.#thread.start();
    return harness;
  }

  /** Time jumps; the next tick is real and comes within 10 ms. */
  advance(ms: number): void {
    this.#shiftMs += ms;
  }

  async open(options: Partial<IngestOptions> = {}): Promise<IngestHandle> {
    for (let attempt = 0; attempt < OPEN_ATTEMPTS; attempt += 1) {
      const key = this.#nextKey;
      this.#nextKey += 1;
      const ingest: IngestOptions = { id: `i${key}`, transport: 'udp', ssrc: SSRC, ssrcCheck: 'latch', ...options };
      this.#thread.onRequest({ type: 'open', key, port: 0, options: ingest });
      const notice = await this.until((entry) => ('key' in entry && entry.key === key ? entry : undefined));
      if (notice.type === 'opened') return new IngestHandle(this, key, notice.port);
      // The free UDP port that the system chose may be taken for TCP.
      if (notice.type !== 'openFailed' || notice.failure !== 'port_in_use') throw new Error(JSON.stringify(notice));
    }
    throw new Error('no port');
  }

  request(request: Parameters<MediaThread['onRequest']>[0]): void {
    this.#thread.onRequest(request);
  }

  /** The first value that `pick` finds in the notices, past or to come. */
  async until<T>(pick: (notice: ThreadNotice) => T | undefined): Promise<T> {
    let seen = 0;
    return this.poll(() => {
      for (; seen < this.notices.length; seen += 1) {
        const notice = this.notices[seen];
        const found = notice === undefined ? undefined : pick(notice);
        if (found !== undefined) return found;
      }
      return undefined;
    });
  }

  /** Waits for a value; looked for whenever the thread tells something and every few milliseconds. */
  poll<T>(look: () => T | undefined): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const check = (): void => {
      const found = look();
      if (found === undefined) return;
      done();
      resolve(found);
    };
    const done = (): void => {
      clearInterval(interval);
      clearTimeout(timeout);
      this.#waiting.delete(check);
    };
    const interval = setInterval(check, 5);
    const timeout = setTimeout(() => {
      done();
      reject(new Error(`nothing came; notices: ${JSON.stringify(this.notices.slice(-10))}`));
    }, WAIT_MS);
    this.#waiting.add(check);
    check();
    return promise;
  }

  /** A UDP sender bound to this address. */
  async sender(address = HOST, port = 0): Promise<UdpSocket> {
    const socket = createSocket('udp4');
    this.#closers.push(() => socket.close());
    socket.bind(port, address);
    await once(socket, 'listening');
    return socket;
  }

  /** A TCP connection from this address. */
  async connect(port: number, localAddress = HOST): Promise<Socket> {
    const socket = connect({ host: HOST, port, localAddress, noDelay: true });
    socket.on('error', () => undefined);
    this.#closers.push(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  close(): void {
    this.#thread.close();
    for (const close of this.#closers) close();
  }
}

/** One open ingest of the harness. */
export class IngestHandle {
  readonly key: number;
  readonly port: number;
  readonly #harness: MediaThreadHarness;
  #outputs = 0;

  constructor(harness: MediaThreadHarness, key: number, port: number) {
    this.#harness = harness;
    this.key = key;
    this.port = port;
  }

  answer(answer: Partial<IngestAnswer> = {}): void {
    this.#harness.request({ type: 'answer', key: this.key, answer: { payloads: PS, ...answer } });
  }

  /** Facts of this name so far. */
  facts<Name extends IngestFact['name']>(name: Name): FactOf<Name>[] {
    return this.#harness.notices.flatMap((notice) =>
      notice.type === 'fact' && notice.key === this.key && isNamed(notice.fact, name) ? [notice.fact] : [],
    );
  }

  fact<Name extends IngestFact['name']>(name: Name, count = 1): Promise<FactOf<Name>> {
    return this.#harness.poll(() => this.facts(name)[count - 1]);
  }

  /** The latest statistics that satisfy the condition. */
  stats(condition: (stats: IngestStats) => boolean): Promise<IngestStats> {
    return this.#harness.until((notice) => {
      if (notice.type !== 'stats') return undefined;
      return notice.entries.find(({ key, stats }) => key === this.key && condition(stats))?.stats;
    });
  }

  ended(): Promise<Extract<ThreadNotice, { type: 'ended' }>> {
    return this.#harness.until((notice) => (notice.type === 'ended' && notice.key === this.key ? notice : undefined));
  }

  addOutput(target: Omit<OutputTarget, 'address'>): number {
    this.#outputs += 1;
    const outputId = this.#outputs;
    this.#harness.request({ type: 'addOutput', key: this.key, outputId, target: { address: HOST, ...target } });
    return outputId;
  }

  removeOutput(outputId: number): void {
    this.#harness.request({ type: 'removeOutput', key: this.key, outputId });
  }

  close(): Promise<Extract<ThreadNotice, { type: 'ended' }>> {
    this.#harness.request({ type: 'close', key: this.key });
    return this.ended();
  }
}

function isNamed<Name extends IngestFact['name']>(fact: IngestFact, name: Name): fact is FactOf<Name> {
  return fact.name === name;
}

/** Receives what an output sends. */
export class OutputProbe {
  readonly video: Buffer[] = [];
  readonly audio: Buffer[] = [];
  readonly reports: Buffer[] = [];
  /** Packets of each bundle. */
  readonly bundles: number[] = [];
  readonly #socket: UdpSocket;
  readonly #understandsBundles: boolean;
  #from: { readonly address: string; readonly port: number } | undefined;

  private constructor(socket: UdpSocket, understandsBundles: boolean) {
    this.#socket = socket;
    this.#understandsBundles = understandsBundles;
    socket.on('message', (message, from) => {
      this.#from = from;
      if (message.subarray(0, BUNDLE_MARK.length).equals(BUNDLE_MARK)) {
        this.#onBundle(message);
        return;
      }
      this.#onPacket(message);
    });
  }

  static async open(options: { readonly understandsBundles?: boolean } = {}): Promise<OutputProbe> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4_194_304 });
    socket.bind(0, HOST);
    await once(socket, 'listening');
    return new OutputProbe(socket, options.understandsBundles ?? false);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get sequenceNumbers(): number[] {
    return this.video.map((packet) => packet.readUInt16BE(2));
  }

  /** RTCP back to where the media came from, as mediasoup does. */
  reply(packet: Buffer): void {
    if (this.#from !== undefined) this.#socket.send(packet, this.#from.port, this.#from.address);
  }

  close(): void {
    this.#socket.close();
  }

  #onPacket(packet: Buffer): void {
    const type = packet[1]! & 0x7f;
    if (packet[1] === 200) this.reports.push(packet);
    else if (type === 96) this.video.push(packet);
    else this.audio.push(packet);
  }

  #onBundle(datagram: Buffer): void {
    if (datagram.length === BUNDLE_MARK.length) {
      if (this.#understandsBundles) this.reply(datagram);
      return;
    }
    let packets = 0;
    for (let offset = BUNDLE_MARK.length; offset < datagram.length; packets += 1) {
      const length = datagram.readUInt16BE(offset);
      this.#onPacket(datagram.subarray(offset + 4, offset + 4 + length));
      offset += 4 + Math.ceil(length / 4) * 4;
    }
    this.bundles.push(packets);
  }
}

/** PLI (RFC 4585 §6.3.1). */
export function pictureLossIndication(mediaSsrc: number): Buffer {
  const packet = Buffer.from([0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0]);
  packet.writeUInt32BE(mediaSsrc, 8);
  return packet;
}

/** FIR with one entry (RFC 5104 §4.3.1). */
export function fullIntraRequest(mediaSsrc: number): Buffer {
  const packet = Buffer.from([0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
  packet.writeUInt32BE(mediaSsrc, 12);
  return packet;
}

/** SR without report blocks (RFC 3550 §6.4.1). */
export function senderReport(ssrc: number): Buffer {
  const packet = Buffer.alloc(28);
  packet[0] = 0x80;
  packet[1] = 200;
  packet.writeUInt16BE(6, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(0x1234_5678, 8);
  return packet;
}
