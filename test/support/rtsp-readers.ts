import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** A reader that hangs is ended so late. */
const LIMIT_MS = 30_000;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

async function run(program: string, args: readonly string[], limitMs: number): Promise<Ended> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
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

/** The first that reads AV1 from RTP. */
const AV1_VERSION = 8;

/**
 * An ffprobe that reads AV1 from RTP: `GBRTC_FFPROBE`, e.g. of a newer Debian in a chroot, or the one on the path;
 * undefined where neither is new enough.
 */
export function findAv1Reader(): string | undefined {
  const program = process.env['GBRTC_FFPROBE'] ?? 'ffprobe';
  const { stdout } = spawnSync(program, ['-version'], { encoding: 'utf8' });
  const major = Number(/^ffprobe version n?(\d+)/.exec(stdout ?? '')?.[1] ?? 0);
  return major >= AV1_VERSION ? program : undefined;
}

/** Reads a few seconds as FFmpeg does, and counts what it decodes. */
export async function readWithFfmpeg(
  url: string,
  transport: 'udp' | 'tcp',
  seconds: number,
  { program = 'ffprobe', more = [] }: { readonly program?: string; readonly more?: readonly string[] } = {},
): Promise<FfmpegReading> {
  const args = [...more, '-v', 'error', '-rtsp_transport', transport, '-read_intervals', `%+${seconds}`];
  const entries = 'stream=codec_name,width,channels,nb_read_frames';
  const all = [...args, '-count_frames', '-show_entries', entries, '-of', 'json', url];
  const { code, out, errors } = await run(program, all, LIMIT_MS + seconds * 1000);
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

const EOS = 'Got EOS from element';

interface GstreamerReading {
  /** Picture and sound were decoded until there was enough of both. */
  readonly ended: boolean;
  readonly out: string;
  readonly errors: string;
}

/**
 * Resolves with `ended` once GStreamer has decoded so many buffers of each kind. How it exits does not count: its
 * rtspsrc (1.22) cancels its PAUSE by its TEARDOWN now and then, "Could not write to resource". It is playbin that
 * links, because rtspsrc may say that there are no more pads while another of its threads still adds one, and what is
 * linked by name on the command line then waits for ever.
 */
async function readOnceWithGstreamer(
  url: string,
  transport: 'udp' | 'tcp',
  buffers: { readonly video: number; readonly audio: number },
): Promise<GstreamerReading> {
  const uri = url.replace(/^rtsp:/, transport === 'tcp' ? 'rtspt:' : 'rtspu:');
  const sink = (kind: 'video' | 'audio'): string =>
    `${kind}-sink=fakesink name=${kind} sync=false num-buffers=${buffers[kind]}`;
  const args = ['-v', 'playbin', `uri=${uri}`, 'flags=audio+video', sink('video'), sink('audio')];
  const { out, errors } = await run('gst-launch-1.0', args, LIMIT_MS);
  // What it cannot decode playbin leaves out.
  const decoded = (kind: string): boolean => out.includes(`:${kind}.GstPad:sink: caps = ${kind}/x-raw`);
  return { ended: ['video', 'audio'].every(decoded) && out.includes(EOS), out, errors };
}

/** Attempts until rtspsrc has told all of its pads. */
const ATTEMPTS = 8;

/**
 * Reads until so many buffers of each kind are decoded. Now and then, more often over UDP and on a busy machine, rtspsrc
 * says `no-more-pads` before its second pad; playbin then ends well, but has played one kind only. It is asked again
 * then, and only then.
 */
export async function readWithGstreamer(
  url: string,
  transport: 'udp' | 'tcp',
  buffers: { readonly video: number; readonly audio: number },
): Promise<GstreamerReading> {
  let reading = await readOnceWithGstreamer(url, transport, buffers);
  for (let attempt = 1; attempt < ATTEMPTS && !reading.ended && reading.out.includes(EOS); attempt += 1) {
    reading = await readOnceWithGstreamer(url, transport, buffers);
  }
  return reading;
}
