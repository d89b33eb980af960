import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { RtspClient } from '../support/rtsp-fakes.ts';
import { requireTool } from '../support/requires.ts';
import { readWithFfmpeg, readWithGstreamer } from '../support/rtsp-readers.ts';
import { Scene, channelsKnown, eventually, streamOf } from '../support/scene.ts';

const HAS_FFMPEG = requireTool('ffprobe');
const HAS_GSTREAMER = requireTool('gst-launch-1.0');
const SECONDS = 3;

const ACCOUNT = { enable: true, username: 'viewer', password: 'secret' };

async function sceneWithRtsp(scene: Scene, auth: Record<string, unknown> = { enable: false }) {
  const port = await freePort();
  const rtsp = { port, host: '127.0.0.1', auth };
  const gateway = await scene.gateway({ config: { rtsp, stream: { 'idle-timeout': '500ms' } } });
  const camera = await scene.camera(gateway, { audio: true });
  await channelsKnown(gateway, 1);
  return { port, gateway, camera, path: `/live/${streamOf(camera)}` };
}

async function noStreams(gateway: GatewayProcess): Promise<void> {
  await eventually('no stream', async () => {
    const streams = await gateway.json<unknown>('GET', '/api/v1/streams');
    return JSON.stringify(streams).includes('live/') ? undefined : true;
  });
}

describe.runIf(HAS_FFMPEG)('FFmpeg plays a camera', () => {
  test.each(['tcp', 'udp'] as const)('over %s', async (transport) => {
    await using scene = new Scene();
    const { port, gateway, camera, path } = await sceneWithRtsp(scene);
    const ended = once(camera, 'sessionEnded');
    const seen = await readWithFfmpeg(`rtsp://127.0.0.1:${port}${path}`, transport, SECONDS);
    expect(seen).toMatchObject({ code: 0, errors: '', codecs: ['h264', 'pcm_alaw'] });
    expect(seen.frames['h264']).toBeGreaterThan(SECONDS * 15);
    expect(seen.frames['pcm_alaw']).toBeGreaterThan(SECONDS * 25);
    expect(seen.width).toBeGreaterThan(0);
    // Nobody watches any more: the camera gets its BYE.
    expect((await ended)[1]).toBe('remote_bye');
    await noStreams(gateway);
  });

  test('with authentication: by password over both transports, by the token of a play URL, and not without', async () => {
    await using scene = new Scene();
    const { port, gateway, path } = await sceneWithRtsp(scene, ACCOUNT);
    const url = (account: string, query = ''): string => `rtsp://${account}127.0.0.1:${port}${path}${query}`;
    for (const transport of ['tcp', 'udp'] as const) {
      const seen = await readWithFfmpeg(url('viewer:secret@'), transport, SECONDS);
      expect(seen).toMatchObject({ code: 0, errors: '', codecs: ['h264', 'pcm_alaw'] });
      expect(seen.frames['h264']).toBeGreaterThan(SECONDS * 15);
    }
    for (const account of ['', 'viewer:wrong@']) {
      const refused = await readWithFfmpeg(url(account), 'tcp', SECONDS);
      expect([refused.code, refused.errors]).toEqual([1, expect.stringContaining('401')]);
    }
    const { token } = await gateway.json<{ token: string }>('POST', '/api/v1/tokens', {
      scope: 'play',
      stream: path.slice(1),
    });
    expect(await readWithFfmpeg(url('', `?token=${token}`), 'tcp', SECONDS)).toMatchObject({ code: 0, errors: '' });
    const forged = await readWithFfmpeg(url('', '?token=a.b.c'), 'tcp', SECONDS);
    expect(forged.errors).toContain('401');
    expect(gateway.output()).not.toContain('secret');
  });
});

test.runIf(HAS_GSTREAMER).each(['tcp', 'udp'] as const)('GStreamer plays a camera over %s', async (transport) => {
  await using scene = new Scene();
  const { port, camera, path } = await sceneWithRtsp(scene);
  const ended = once(camera, 'sessionEnded');
  const url = `rtsp://127.0.0.1:${port}${path}`;
  expect(await readWithGstreamer(url, transport, { video: 40, audio: 60 })).toMatchObject({ ended: true });
  expect((await ended)[1]).toBe('remote_bye');
});

test('TEARDOWN: the camera gets its BYE after the idle time; a reader that stops reading does not disturb others', async () => {
  await using scene = new Scene();
  const { port, gateway, camera, path } = await sceneWithRtsp(scene);
  const play = async (): Promise<{ player: RtspClient; session: string }> => {
    const player = new RtspClient(port, path);
    await player.request('DESCRIBE');
    const transport = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };
    const setup = await player.request('SETUP', transport, { url: `${player.url}/trackID=0` });
    const session = setup.headers.get('session')?.split(';')[0] ?? '';
    expect((await player.request('PLAY', { Session: session })).status).toBe(200);
    return { player, session };
  };
  const [stuck, good] = [await play(), await play()];
  await eventually('packets', () => (good.player.packets.length > 50 ? true : undefined));
  stuck.player.socket.pause();
  const before = good.player.packets.length;
  await eventually('more packets', () => (good.player.packets.length > before + 200 ? true : undefined));
  const reports = await eventually('two sender reports', () => {
    const seen = good.player.packets.filter(({ channel }) => channel === 1);
    return seen.length > 1 ? seen : undefined;
  });
  expect(reports.every(({ packet }) => packet[1] === 200)).toBe(true);
  const numbers = good.player.packets
    .filter(({ channel }) => channel === 0)
    .map(({ packet }) => packet.readUInt16BE(2));
  expect(numbers.every((number, at) => at === 0 || ((number - (numbers[at - 1] ?? 0)) & 0xffff) === 1)).toBe(true);
  const ended = once(camera, 'sessionEnded');
  stuck.player.close();
  expect((await good.player.request('TEARDOWN', { Session: good.session })).status).toBe(200);
  expect((await ended)[1]).toBe('remote_bye');
  await noStreams(gateway);
  good.player.close();
});
