import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How FFmpeg is to encode what it publishes. */
export type FfmpegVideo = 'h264' | 'vp8' | 'none';
export type FfmpegAudio = 'opus' | 'pcma' | 'pcmu' | 'aac' | 'none';

const VIDEO: Readonly<Record<Exclude<FfmpegVideo, 'none'>, readonly string[]>> = {
  h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '25'],
  vp8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '500k', '-g', '25'],
};
const AUDIO: Readonly<Record<Exclude<FfmpegAudio, 'none'>, readonly string[]>> = {
  opus: ['-c:a', 'libopus', '-ac', '2'],
  pcma: ['-c:a', 'pcm_alaw', '-ar', '8000', '-ac', '1'],
  pcmu: ['-c:a', 'pcm_mulaw', '-ar', '8000', '-ac', '1'],
  aac: ['-c:a', 'aac', '-ac', '2'],
};

/** A program that publishes by RTSP until it is ended. */
export class RtspPublisher {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #errors = '';

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#closed = once(this.#child, 'close');
  }

  get errors(): string {
    return this.#errors;
  }

  /** Its exit code, where it ends by itself. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  /** SIGINT: both programs tear their session down. */
  async stop(): Promise<void> {
    this.#child.kill('SIGINT');
    const timer = setTimeout(() => this.kill(), 5000);
    await this.#closed;
    clearTimeout(timer);
  }

  /** It does nothing any more, and its connection stays. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Its connection breaks off. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A moving test picture and a tone of 440 Hz, in real time. */
export function publishWithFfmpeg(
  url: string,
  transport: 'udp' | 'tcp',
  { video, audio }: { readonly video: FfmpegVideo; readonly audio: FfmpegAudio },
): RtspPublisher {
  const inputs = [
    ...(video === 'none' ? [] : ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x480:rate=25']),
    ...(audio === 'none' ? [] : ['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000,volume=4']),
  ];
  const codecs = [...(video === 'none' ? [] : VIDEO[video]), ...(audio === 'none' ? [] : AUDIO[audio])];
  const output = ['-f', 'rtsp', '-rtsp_transport', transport, url];
  return new RtspPublisher('ffmpeg', ['-v', 'error', '-nostdin', ...inputs, ...codecs, ...output]);
}

/** GStreamer's sink that publishes is a package of its own; without it its tests are left out, in CI that is an error. */
export function hasRtspClientSink(): boolean {
  if (spawnSync('gst-inspect-1.0', ['rtspclientsink'], { stdio: 'ignore' }).status === 0) return true;
  const advice = 'rtspclientsink is missing (Debian package gstreamer1.0-rtsp)';
  if (process.env['CI'] !== undefined) throw new Error(advice);
  process.stderr.write(`${advice}: its tests are left out\n`);
  return false;
}

/** H.264 and PCMA by rtspclientsink. */
export function publishWithGstreamer(url: string, transport: 'udp' | 'tcp'): RtspPublisher {
  const video = ['videotestsrc', 'is-live=true', '!', 'video/x-raw,format=I420,width=640,height=480,framerate=25/1'];
  const encoder = ['!', 'openh264enc', 'complexity=low', 'gop-size=25', '!', 'h264parse', '!', 's.'];
  const audio = ['audiotestsrc', 'is-live=true', '!', 'audio/x-raw,rate=8000,channels=1', '!', 'alawenc', '!', 's.'];
  const sink = ['rtspclientsink', 'name=s', `location=${url}`, `protocols=${transport}`];
  return new RtspPublisher('gst-launch-1.0', ['-q', ...sink, ...video, ...encoder, ...audio]);
}
