import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import type { FrameListener, Tap, TapEvents, TapFrames, TapTrack, TrackKind } from '../../src/stream/index.ts';
import type { PlayerOutput } from '../../src/media/index.ts';

/** A tap whose packets come from the test. */
export class FakeTap extends EventEmitter<TapEvents> implements Tap {
  readonly stream = 'live/test';
  readonly tracks: readonly TapTrack[];
  closed = false;
  keyFrameRequests = 0;
  readonly #readers = new Set<FrameListener>();

  constructor(tracks: readonly TapTrack[]) {
    super();
    this.tracks = tracks;
  }

  get readers(): number {
    return this.#readers.size;
  }

  async openUdp(): Promise<PlayerOutput> {
    throw new TypeError('this tap has frames only');
  }

  async openFrames(onFrames: FrameListener): Promise<TapFrames> {
    this.#readers.add(onFrames);
    return {
      requestKeyFrame: () => {
        this.keyFrameRequests += 1;
      },
      close: () => void this.#readers.delete(onFrames),
    };
  }

  send(channel: number, packet: Uint8Array): void {
    const data = new Uint8Array(4 + packet.length);
    data.set([0x24, channel, packet.length >> 8, packet.length & 0xff]);
    data.set(packet, 4);
    for (const onFrames of this.#readers) onFrames({ data, keyFrame: false });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.emit('closed', 'closed');
  }

  /** The source is lost. */
  end(reason: string): void {
    this.closed = true;
    this.emit('closed', reason);
  }
}

const H264 = { kind: 'video', encoding: 'H264', clockRate: 90_000, payloadType: 96, ssrc: 1 } as const;
const OPUS = { kind: 'audio', encoding: 'OPUS', clockRate: 48_000, channels: 2, payloadType: 111, ssrc: 2 } as const;
const LIBVPX = ['-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k', '-g', '50', '-strict', 'experimental'];
const X264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '50', '-preset'];

/** Tracks that FFmpeg of Debian can send. */
export const SOURCES = {
  h264: { track: H264, encoder: [...X264, 'ultrafast', '-tune', 'zerolatency'] },
  /** B frames. */
  h264Reordered: { track: H264, encoder: [...X264, 'superfast', '-bf', '3'] },
  vp8: { track: { ...H264, encoding: 'VP8' }, encoder: ['-c:v', 'libvpx', ...LIBVPX] },
  vp9: { track: { ...H264, encoding: 'VP9' }, encoder: ['-c:v', 'libvpx-vp9', ...LIBVPX] },
  opus: { track: OPUS, encoder: ['-c:a', 'libopus', '-ac', '2', '-b:a', '48k'] },
  pcma: {
    track: { kind: 'audio', encoding: 'PCMA', clockRate: 8000, payloadType: 8, ssrc: 2 },
    encoder: ['-c:a', 'pcm_alaw', '-ar', '8000', '-ac', '1'],
  },
  pcmu: {
    track: { kind: 'audio', encoding: 'PCMU', clockRate: 8000, payloadType: 0, ssrc: 2 },
    encoder: ['-c:a', 'pcm_mulaw', '-ar', '8000', '-ac', '1'],
  },
} as const satisfies Readonly<Record<string, SourceTrack>>;

export interface SourceTrack {
  readonly track: TapTrack;
  /** Arguments of FFmpeg: the encoder and its options. */
  readonly encoder: readonly string[];
}

const INPUT: Readonly<Record<TrackKind, readonly string[]>> = {
  video: ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=25'],
  audio: ['-f', 'lavfi', '-i', 'sine=440:r=48000'],
};
const CHANNEL: Readonly<Record<TrackKind, number>> = { video: 0, audio: 2 };

/** FFmpeg sends a test pattern and a tone as RTP, in real time, into a tap. */
export class FfmpegSource implements AsyncDisposable {
  readonly tap: FakeTap;
  packets = 0;
  readonly #clockRate: number;
  #firstStamp: number | undefined;
  #stamp = 0;
  readonly #sockets: Socket[] = [];
  #child: ChildProcess | undefined;

  private constructor(tap: FakeTap) {
    this.tap = tap;
    this.#clockRate = tap.tracks[0]?.clockRate ?? 1;
  }

  /** How far the first track has got, by its stamps: FFmpeg on a busy machine falls behind the clock. */
  get sentMs(): number {
    return (((this.#stamp - (this.#firstStamp ?? 0)) >>> 0) * 1000) / this.#clockRate;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  static async start(tracks: readonly SourceTrack[]): Promise<FfmpegSource> {
    const source = new FfmpegSource(new FakeTap(tracks.map(({ track }) => track)));
    const outputs: string[] = [];
    for (const [index, { track, encoder }] of tracks.entries()) {
      const port = await source.#receive(CHANNEL[track.kind], index === 0);
      const url = `rtp://127.0.0.1:${port.rtp}?rtcpport=${port.rtcp}&pkt_size=1200`;
      outputs.push('-map', String(index), ...encoder, '-payload_type', String(track.payloadType), '-f', 'rtp', url);
    }
    const inputs = tracks.flatMap(({ track }) => ['-re', ...INPUT[track.kind]]);
    const args = ['-v', 'error', '-nostdin', ...inputs, ...outputs];
    source.#child = spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    return source;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined && this.#child.exitCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    for (const socket of this.#sockets) socket.close();
  }

  async #receive(channel: number, counts: boolean): Promise<{ rtp: number; rtcp: number }> {
    const rtp = await this.#socket((packet) => {
      this.packets += 1;
      if (counts) {
        this.#stamp = packet.readUInt32BE(4);
        this.#firstStamp ??= this.#stamp;
      }
      this.tap.send(channel, packet);
    });
    return { rtp, rtcp: await this.#socket((packet) => this.tap.send(channel + 1, packet)) };
  }

  async #socket(onPacket: (packet: Buffer) => void): Promise<number> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1_048_576 });
    this.#sockets.push(socket);
    socket.on('message', onPacket);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return socket.address().port;
  }
}
