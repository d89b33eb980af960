import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { freePort } from '../support/gateway-process.ts';
import { requireTool } from '../support/requires.ts';
import { Scene, channelsKnown, eventually, streamOf } from '../support/scene.ts';

const HAS_FFMPEG = requireTool('ffprobe');
const SECONDS = 3;

interface Probe {
  readonly code: number | null;
  readonly video: number;
  readonly audio: number;
  readonly width: string;
  readonly codecs: readonly string[];
  readonly errors: string;
}

/** Reads a few seconds as FFmpeg does, and counts what it decodes. */
async function probe(url: string, transport: 'udp' | 'tcp'): Promise<Probe> {
  const args = ['-v', 'error', '-rtsp_transport', transport, '-read_intervals', `%+${SECONDS}`];
  const entries = 'stream=codec_name,width,nb_read_frames';
  const child = spawn('ffprobe', [...args, '-count_frames', '-show_entries', entries, '-of', 'json', url]);
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  const parsed = JSON.parse(out === '' ? '{}' : out) as { streams?: Record<string, string>[] };
  const streams = parsed.streams ?? [];
  const framesOf = (codec: string): number =>
    Number(streams.find((stream) => stream['codec_name'] === codec)?.['nb_read_frames'] ?? 0);
  return {
    code,
    video: framesOf('h264'),
    audio: framesOf('pcm_alaw'),
    width: String(streams.find((stream) => stream['codec_name'] === 'h264')?.['width'] ?? ''),
    codecs: streams.map((stream) => stream['codec_name'] ?? ''),
    errors,
  };
}

describe.runIf(HAS_FFMPEG)('FFmpeg plays a camera', () => {
  test.each(['tcp', 'udp'] as const)('over %s', async (transport) => {
    await using scene = new Scene();
    const port = await freePort();
    const rtsp = { port, host: '127.0.0.1', auth: { enable: false } };
    const gateway = await scene.gateway({ config: { rtsp, stream: { 'idle-timeout': '500ms' } } });
    const camera = await scene.camera(gateway, { audio: true });
    await channelsKnown(gateway, 1);
    const ended = once(camera, 'sessionEnded');
    const seen = await probe(`rtsp://127.0.0.1:${port}/live/${streamOf(camera)}`, transport);
    expect(seen).toMatchObject({ code: 0, errors: '', codecs: ['h264', 'pcm_alaw'] });
    expect(seen.video).toBeGreaterThan(SECONDS * 15);
    expect(seen.audio).toBeGreaterThan(SECONDS * 25);
    expect(Number(seen.width)).toBeGreaterThan(0);
    // Nobody watches any more: the camera gets its BYE.
    expect((await ended)[1]).toBe('remote_bye');
    await eventually('no stream', async () => {
      const streams = await gateway.json<{ items?: unknown[] }>('GET', '/api/v1/streams');
      return JSON.stringify(streams).includes('live/') ? undefined : true;
    });
  });
});
