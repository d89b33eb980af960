import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { NativePlayer } from '../support/native-player.ts';
import { NativePublisher } from '../support/native-publisher.ts';
import { PmsClient } from '../support/pms-client.ts';
import { requireTool } from '../support/requires.ts';
import { makeClip } from '../support/rtp-clip.ts';
import { readWithFfmpeg } from '../support/rtsp-readers.ts';
import { Scene, channelsKnown, eventually, streamOf } from '../support/scene.ts';
import { connectionsOf } from '../support/tcp-connections.ts';

const ACCOUNT = { username: 'viewer', password: 's3cret' };
const IDLE = { 'idle-timeout': '500ms', 'pull-timeout': '3s' };

interface Served {
  readonly gateway: GatewayProcess;
  readonly rtspPort: number;
}

/** A gateway with an RTSP port. */
async function serving(scene: Scene, config: Record<string, Record<string, unknown>> = {}): Promise<Served> {
  const rtspPort = await freePort();
  const rtsp = { port: rtspPort, host: '127.0.0.1', auth: { enable: true, ...ACCOUNT } };
  return { gateway: await scene.gateway({ config: { rtsp, stream: IDLE, ...config } }), rtspPort };
}

/** One that asks others for what it has not. */
async function asking(scene: Scene, ports: readonly number[], more: Record<string, Record<string, unknown>> = {}) {
  const { username: user, password } = ACCOUNT;
  const pull = ports.map((port) => ({ ip: '127.0.0.1', port, user, password }));
  return scene.gateway({ config: { stream: IDLE, ...more }, pull });
}

async function watch(scene: Scene, gateway: GatewayProcess, stream: string, audio: 'pcma' | 'opus' = 'pcma') {
  const player = scene.keep(new NativePlayer({ audio }), async (open) => open.close());
  await player.play(gateway.base, stream);
  await flows(player);
  return player;
}

async function flows(player: NativePlayer): Promise<void> {
  const before = player.packets;
  await eventually('packets', () => (player.packets > before + 50 ? true : undefined), 15_000);
}

async function publish(scene: Scene, gateway: GatewayProcess, stream: string): Promise<NativePublisher> {
  const publisher = scene.keep(new NativePublisher(makeClip('baseline')), async (open) => open.close());
  await publisher.publish(gateway.base, stream);
  return publisher;
}

const count = async (port: number, wanted: number): Promise<void> => {
  await eventually(`${wanted} connections`, () => (connectionsOf(port) === wanted ? true : undefined), 15_000);
};

describe('an RTSP camera by its URL', () => {
  test.each(['tcp', 'udp'] as const)(
    'over %s: one connection for two players; it ends with them',
    async (transport) => {
      await using scene = new Scene();
      const { gateway: first, rtspPort } = await serving(scene);
      const camera = await scene.camera(first, { audio: true });
      await channelsKnown(first, 1);
      const second = await scene.gateway({ config: { stream: IDLE } });
      const url = `rtsp://viewer:s3cret@127.0.0.1:${rtspPort}/live/${streamOf(camera)}`;
      await second.json('POST', '/api/v1/pulls', { name: 'gate', url, transport });
      const pull = () => second.json<Record<string, unknown>>('GET', '/api/v1/pulls/gate');
      expect(await pull()).toMatchObject({ state: 'idle' });
      expect(connectionsOf(rtspPort)).toBe(0);

      const players = [await watch(scene, second, 'gate'), await watch(scene, second, 'gate')];
      expect(connectionsOf(rtspPort)).toBe(1);
      expect(await pull()).toMatchObject({ state: 'playing', lower: transport, omitted: [] });
      const { items } = await second.json<{ items: unknown[] }>('GET', '/api/v1/live-streams?kind=pull');
      expect(items).toMatchObject([{ name: 'live/gate', transport: 'pull', viewerCount: 2, video: { codec: 'h264' } }]);

      await players[0]?.leave();
      await flows(players[1]!);
      await players[1]?.leave();
      await count(rtspPort, 0);
      expect(await pull()).toMatchObject({ state: 'idle' });
      for (const gateway of [first, second]) expect(gateway.output()).not.toContain('s3cret');
    },
  );

  test('survives a restart, is kept while nobody watches if wanted, and its failure is told', async () => {
    await using scene = new Scene();
    const { gateway: first, rtspPort } = await serving(scene);
    const camera = await scene.camera(first);
    await channelsKnown(first, 1);
    const dataDir = mkdtempSync(join(tmpdir(), 'gbrtc-pull-'));
    scene.keep(dataDir, async (folder) => rmSync(folder, { recursive: true }));
    const before = await scene.gateway({ config: { stream: IDLE }, dataDir });
    const url = `rtsp://127.0.0.1:${rtspPort}/live/${streamOf(camera)}`;
    await before.json('POST', '/api/v1/pulls', { name: 'gate', url, ...ACCOUNT, onDemand: false });
    await before.json('POST', '/api/v1/pulls', {
      name: 'none',
      url: `rtsp://127.0.0.1:${rtspPort}/live/none`,
      ...ACCOUNT,
    });
    await count(rtspPort, 1);
    await before.stop();
    const after = await scene.gateway({ config: { stream: IDLE }, dataDir });
    const state = async (name: string) => (await after.json<{ state: string }>('GET', `/api/v1/pulls/${name}`)).state;
    await eventually('playing', async () => ((await state('gate')) === 'playing' ? true : undefined));
    await count(rtspPort, 1);
    const player = new NativePlayer();
    await expect(player.play(after.base, 'none')).rejects.toThrow(/404.*rtsp_not_found/s);
    player.close();
    expect(await state('none')).toBe('failed');
    const gone = await fetch(`${after.base}/api/v1/pulls/gate`, { method: 'DELETE' });
    expect(gone.status).toBe(204);
    await count(rtspPort, 0);
  });
});

describe.runIf(requireTool('ffmpeg'))('two gateways', () => {
  test('a publication plays on the other: one pull for two players, healed by a new publisher, ended with them', async () => {
    await using scene = new Scene();
    const { gateway: first, rtspPort } = await serving(scene);
    const pms = await freePort();
    const second = await asking(scene, [await freePort(), rtspPort], { pms: { port: pms } });
    const publisher = await publish(scene, first, 'talk');
    const players = [await watch(scene, second, 'talk', 'opus'), await watch(scene, second, 'talk', 'opus')];
    expect(connectionsOf(rtspPort)).toBe(1);

    // By stream.play, too, and what nobody has is not found.
    const signalling = scene.keep(await PmsClient.connect(`ws://127.0.0.1:${pms}/`), (open) => open.close());
    const third = scene.keep(new NativePlayer({ audio: 'opus' }), async (open) => open.close());
    const ask = { version: '1.0', method: 'stream.play', data: { sdp: await third.offer() } };
    const missing = await signalling.ask({ ...ask, stream: 'nothing' });
    expect(missing).toMatchObject({ err: -1, err_msg: expect.stringContaining('Publisher not found') });
    const { err, data, session } = await signalling.ask({ ...ask, stream: 'talk' });
    expect(err).toBe(0);
    await third.answer(String(data['sdp']));
    await flows(third);
    expect(connectionsOf(rtspPort)).toBe(1);
    await signalling.ask({ version: '1.0', method: 'stream.close', stream: 'talk', session, data: {} });

    publisher.close();
    await publish(scene, first, 'talk');
    for (const player of players) await flows(player);
    expect(players.map(({ open }) => open)).toEqual([true, true]);
    expect(connectionsOf(rtspPort)).toBe(1);

    for (const player of players) await player.leave();
    await count(rtspPort, 0);
    const { items } = await second.json<{ items: unknown[] }>('GET', '/api/v1/live-streams');
    expect(items).toEqual([]);
  });

  test('a camera of the one plays on the other, by WebRTC and by RTSP over both transports', async () => {
    await using scene = new Scene();
    const { gateway: first, rtspPort } = await serving(scene);
    const camera = await scene.camera(first, { audio: true });
    await channelsKnown(first, 1);
    const port = await freePort();
    const second = await asking(scene, [rtspPort], { rtsp: { port, host: '127.0.0.1', auth: { enable: false } } });
    for (const transport of ['tcp', 'udp'] as const) {
      const seen = await readWithFfmpeg(`rtsp://127.0.0.1:${port}/live/${streamOf(camera)}`, transport, 2);
      expect(seen).toMatchObject({ code: 0, errors: '', codecs: ['h264', 'pcm_alaw'] });
      expect(seen.frames['h264']).toBeGreaterThan(25);
      expect(seen.frames['pcm_alaw']).toBeGreaterThan(25);
    }
    await watch(scene, second, streamOf(camera));
    expect(connectionsOf(rtspPort)).toBe(1);
  });

  test('that ask each other: a name that nobody has is not found, and soon', async () => {
    await using scene = new Scene();
    const [one, two] = [await freePort(), await freePort()];
    const { username: user, password } = ACCOUNT;
    const open = (port: number, other: number) =>
      scene.gateway({
        config: { stream: IDLE, rtsp: { port, host: '127.0.0.1', auth: { enable: true, ...ACCOUNT } } },
        pull: [{ ip: '127.0.0.1', port: other, user, password }],
      });
    const gateways = [await open(one, two), await open(two, one)];
    for (const { base } of gateways) {
      const began = performance.now();
      const player = new NativePlayer();
      await expect(player.play(base, 'nothing')).rejects.toThrow(/404.*stream_unknown/s);
      player.close();
      expect(performance.now() - began).toBeLessThan(2500);
    }
    // And what one publishes plays on the other, whichever it is.
    await publish(scene, gateways[1]!, 'talk');
    await watch(scene, gateways[0]!, 'talk', 'opus');
  });
});
