import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A reader that hangs is ended so late. */
const LIMIT_MS = 30_000;
/**
 * GStreamer 1.22's rtspsrc may say that there are no more pads while another thread still adds one; gst-launch then
 * never links that one and waits for ever. Now and then it also fails at its own end. So it is asked again, and has to
 * succeed once.
 */
const PAD_RACE = 'Delayed linking failed';
const GSTREAMER_TRIES = 3;
const GSTREAMER_LIMIT_MS = 10_000;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

async function run(program: string, args: readonly string[], limitMs: number, giveUpAt?: string): Promise<Ended> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
    if (giveUpAt !== undefined && errors.includes(giveUpAt)) child.kill('SIGKILL');
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, out, errors };
}

/** What FFmpeg has read of a stream. */
export interface FfmpegReading {
  readonly code: number | null;
  readonly codecs: readonly string[];
  readonly width: number;
  readonly channels: number;
  /** Decoded frames of each codec. */
  readonly frames: Readonly<Record<string, number>>;
  /** What it says at level `error`. */
  readonly errors: string;
}

/** Reads a few seconds as FFmpeg does, and counts what it decodes. */
export async function readWithFfmpeg(url: string, transport: 'udp' | 'tcp', seconds: number): Promise<FfmpegReading> {
  const args = ['-v', 'error', '-rtsp_transport', transport, '-read_intervals', `%+${seconds}`];
  const entries = 'stream=codec_name,width,channels,nb_read_frames';
  const all = [...args, '-count_frames', '-show_entries', entries, '-of', 'json', url];
  const { code, out, errors } = await run('ffprobe', all, LIMIT_MS + seconds * 1000);
  const parsed = JSON.parse(out === '' ? '{}' : out) as { streams?: Record<string, string | number>[] };
  const streams = parsed.streams ?? [];
  return {
    code,
    codecs: streams.map((stream) => String(stream['codec_name'])),
    width: Number(streams.find((stream) => 'width' in stream)?.['width'] ?? 0),
    channels: Number(streams.find((stream) => 'channels' in stream)?.['channels'] ?? 0),
    frames: Object.fromEntries(
      streams.map((stream) => [String(stream['codec_name']), Number(stream['nb_read_frames'] ?? 0)]),
    ),
    errors,
  };
}

/** Ends with code 0 when GStreamer has decoded so many buffers of each kind. */
export async function readWithGstreamer(
  url: string,
  transport: 'udp' | 'tcp',
  buffers: { readonly video?: number; readonly audio?: number },
): Promise<{ readonly code: number | null; readonly errors: string }> {
  const source = ['rtspsrc', `location=${url}`, `protocols=${transport}`, 'latency=200', 'name=s'];
  const branches = Object.entries(buffers).flatMap(([media, count]) => {
    const sink = ['fakesink', `num-buffers=${count}`, 'sync=false'];
    return ['s.', '!', `application/x-rtp,media=${media}`, '!', 'decodebin', '!', ...sink];
  });
  for (let tries = 1; ; tries++) {
    const ended = await run('gst-launch-1.0', [...source, ...branches], GSTREAMER_LIMIT_MS, PAD_RACE);
    if (ended.code === 0 || tries === GSTREAMER_TRIES) return ended;
  }
}
