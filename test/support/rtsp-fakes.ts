import { hash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type {
  FramedPackets,
  PlayerOutput,
  RtpPublication,
  RtpPublishRequest,
  Tap,
  TapEvents,
  TapFrames,
  TapRequest,
  TapTrack,
  TapUdpTarget,
} from '../../src/stream/index.ts';
import type { TapSource } from '../../src/rtsp/request-handler.ts';
import type { PublishTarget } from '../../src/rtsp/publish/publisher.ts';
import { GatewayError } from '../../src/util/index.ts';
import { FakePublication } from './fake-publication.ts';

export const TRACKS: readonly TapTrack[] = [
  {
    kind: 'video',
    encoding: 'H264',
    clockRate: 90_000,
    payloadType: 96,
    ssrc: 0xabcd,
    parameters: 'packetization-mode=1; profile-level-id=42C028; sprop-parameter-sets=Z0LAKA==,aMuD',
  },
  { kind: 'audio', encoding: 'PCMA', clockRate: 8000, payloadType: 8, ssrc: 0xef01 },
];

export class FakeTap extends EventEmitter<TapEvents> implements Tap {
  readonly stream: string;
  readonly tracks = TRACKS;
  closed = false;
  keyFrameRequests = 0;
  readonly udp: { target: TapUdpTarget; playing: boolean; output: PlayerOutput }[] = [];
  /** Made once, so that a test can tell its own memory from the server's. */
  readonly #frames = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly readers = new Set<(frames: FramedPackets) => void>();

  constructor(stream: string) {
    super();
    this.stream = stream;
  }

  async openUdp(target: TapUdpTarget): Promise<PlayerOutput> {
    const port = 40_000 + this.udp.length * 2;
    const entry = {
      target,
      playing: false,
      output: Object.assign(new EventEmitter(), {
        ports: { rtp: port, rtcp: port + 1 },
        setPlaying: (playing: boolean) => {
          entry.playing = playing;
        },
        requestKeyFrame: () => undefined,
        close: () => undefined,
      }) as PlayerOutput,
    };
    this.udp.push(entry);
    return entry.output;
  }

  async openFrames(onFrames: (frames: FramedPackets) => void): Promise<TapFrames> {
    this.readers.add(onFrames);
    return { requestKeyFrame: () => (this.keyFrameRequests += 1), close: () => this.readers.delete(onFrames) };
  }

  /** One video frame as interleaved packets on channel 0, with one packet of sound before it. */
  send(keyFrame: boolean, bytes = 100): void {
    const name = `${keyFrame} ${bytes}`;
    const data = this.#frames.get(name) ?? makeFrame(keyFrame, bytes);
    this.#frames.set(name, data);
    for (const onFrames of this.readers) onFrames({ data, keyFrame });
  }

  close(): void {
    this.end('closed');
  }

  end(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.readers.clear();
    this.emit('closed', reason);
  }
}

function makeFrame(keyFrame: boolean, bytes: number): Uint8Array<ArrayBuffer> {
  const packets = [packetOn(2, Buffer.alloc(20, 8)), packetOn(0, Buffer.alloc(bytes, keyFrame ? 5 : 1))];
  return new Uint8Array(Buffer.concat(packets));
}

/** RFC 2326 §10.12. */
export function packetOn(channel: number, packet: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]), packet]);
}

class FakeTapError extends GatewayError {
  override readonly code: string;

  constructor(code: string) {
    super(`refused with ${code}`);
    this.code = code;
  }
}

/** A publication that remembers what was asked for. */
export class FakeRtpPublication extends FakePublication {
  readonly request: RtpPublishRequest;

  constructor(stream: string, request: RtpPublishRequest) {
    super(stream);
    this.request = request;
  }
}

/** Opens and takes any stream but those whose name is an error's code. */
export class FakeTapSource implements TapSource, PublishTarget {
  readonly taps: FakeTap[] = [];
  readonly requests: TapRequest[] = [];
  readonly publications: FakeRtpPublication[] = [];

  async publishRtp(name: string, request: RtpPublishRequest): Promise<RtpPublication> {
    const bare = name.replace('live/', '');
    if (/^[a-z]+_[a-z_]+$/.test(bare)) throw new FakeTapError(bare);
    const publication = new FakeRtpPublication(name, request);
    this.publications.push(publication);
    return publication;
  }

  async tap(name: string, request: TapRequest): Promise<Tap> {
    const bare = name.replace('live/', '');
    if (/^[a-z]+_[a-z_]+$/.test(bare)) throw new FakeTapError(bare);
    const tap = new FakeTap(name);
    this.requests.push(request);
    this.taps.push(tap);
    return tap;
  }
}

export interface Answer {
  readonly status: number;
  /** What stands behind it. */
  readonly phrase: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A plain RTSP client for tests: one request after the other, packets in between are collected. */
export class RtspClient {
  readonly socket: Socket;
  readonly url: string;
  readonly packets: { channel: number; packet: Buffer }[] = [];
  #bytes = Buffer.alloc(0);
  #cseq = 0;
  #answers: Answer[] = [];
  readonly #wakers = new Set<() => void>();

  constructor(port: number, path: string) {
    this.socket = connect(port, '127.0.0.1');
    this.url = `rtsp://127.0.0.1:${port}${path}`;
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#parse();
      for (const wake of this.#wakers) wake();
    });
    this.socket.on('close', () => {
      for (const wake of this.#wakers) wake();
    });
  }

  async request(
    method: string,
    headers: Record<string, string> = {},
    options: { url?: string; body?: string } = {},
  ): Promise<Answer> {
    this.#cseq += 1;
    const { url = this.url, body = '' } = options;
    const all: Record<string, string> = { CSeq: String(this.#cseq), ...headers };
    if (body !== '') all['Content-Length'] = String(Buffer.byteLength(body));
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`${method} ${url} RTSP/1.0\r\n${lines.join('')}\r\n${body}`);
    return this.next();
  }

  /** The next answer. */
  async next(): Promise<Answer> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) return answer;
      if (this.socket.closed) throw new Error('connection closed');
      await this.wait();
    }
  }

  /** Until something has arrived. */
  async wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => resolve(undefined);
    this.#wakers.add(wake);
    await promise;
    this.#wakers.delete(wake);
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close');
  }

  /** Answers a Digest challenge (RFC 2069). */
  digest(answer: Answer, method: string, account: { username: string; password: string }): string {
    const nonce = /nonce="([^"]+)"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1] ?? '';
    const md5 = (text: string): string => hash('md5', text);
    const secret = md5(`${account.username}:gbrtc:${account.password}`);
    const response = md5(`${secret}:${nonce}:${md5(`${method}:${this.url}`)}`);
    return `Digest username="${account.username}", realm="gbrtc", nonce="${nonce}", uri="${this.url}", response="${response}"`;
  }

  close(): void {
    this.socket.destroy();
  }

  #parse(): void {
    for (;;) {
      if (this.#bytes[0] === 0x24) {
        if (this.#bytes.length < 4) return;
        const end = 4 + this.#bytes.readUInt16BE(2);
        if (this.#bytes.length < end) return;
        this.packets.push({ channel: this.#bytes[1] ?? 0, packet: this.#bytes.subarray(4, end) });
        this.#bytes = this.#bytes.subarray(end);
        continue;
      }
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      const [first = '', ...lines] = this.#bytes.subarray(0, end).toString().split('\r\n');
      const headers = new Map<string, string>();
      for (const line of lines) {
        const colon = line.indexOf(': ');
        const name = line.slice(0, colon).toLowerCase();
        if (!headers.has(name)) headers.set(name, line.slice(colon + 2));
      }
      const length = Number(headers.get('content-length') ?? 0);
      if (this.#bytes.length < end + 4 + length) return;
      const body = this.#bytes.subarray(end + 4, end + 4 + length).toString();
      this.#bytes = this.#bytes.subarray(end + 4 + length);
      const [, status, ...phrase] = first.split(' ');
      this.#answers.push({ status: Number(status), phrase: phrase.join(' '), headers, body });
    }
  }
}
