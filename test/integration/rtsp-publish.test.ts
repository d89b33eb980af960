import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { mutateText, seededRandom } from '../support/mutate.ts';
import { requireTool } from '../support/requires.ts';
import { packetOn, RtspClient, type Answer } from '../support/rtsp-fakes.ts';
import { publishWithFfmpeg, type RtspPublisher } from '../support/rtsp-publishers.ts';
import { readWithFfmpeg } from '../support/rtsp-readers.ts';
import { channelsKnown, eventually, Scene, streamOf } from '../support/scene.ts';

const HAS_FFMPEG = requireTool('ffmpeg');
const SDP = [
  'v=0',
  's=x',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAHtoCgPbARAAAAwAEAAADAMo8WLqA,aM4PyA==; profile-level-id=42C01E',
  'a=control:streamid=0',
  '',
].join('\r\n');

interface LiveStream {
  readonly name: string;
  readonly state: string;
  readonly packets: number;
  readonly lost: number;
}

async function open(
  scene: Scene,
  config: Record<string, unknown> = {},
  auth: Record<string, unknown> = { enable: false },
) {
  const port = await freePort();
  const gateway = await scene.gateway({ config: { rtsp: { port, host: '127.0.0.1', auth }, ...config } });
  return { port, gateway, url: (name: string) => `rtsp://127.0.0.1:${port}/live/${name}` };
}

async function live(gateway: GatewayProcess, name: string): Promise<LiveStream | undefined> {
  const { items } = await gateway.json<{ items: LiveStream[] }>('GET', '/api/v1/live-streams');
  return items.find((stream) => stream.name === `live/${name}`);
}

const playing = (gateway: GatewayProcess, name: string): Promise<LiveStream> =>
  eventually(`${name} plays`, async () => {
    const stream = await live(gateway, name);
    return stream?.state === 'playing' ? stream : undefined;
  });

function announce(client: RtspClient, headers: Record<string, string> = {}): Promise<Answer> {
  return client.request('ANNOUNCE', { 'Content-Type': 'application/sdp', ...headers }, { body: SDP });
}

const setup = (client: RtspClient, transport: string): Promise<Answer> =>
  client.request('SETUP', { Transport: transport }, { url: `${client.url}/streamid=0` });

const keep = (scene: Scene, publisher: RtspPublisher): RtspPublisher => scene.keep(publisher, (open_) => open_.stop());

test.runIf(HAS_FFMPEG)('access: a publish token, the account of the publishers; nothing else', async () => {
  await using scene = new Scene();
  const account = { enable: true, password: 'seen', 'publish-password': 'secret' };
  const { gateway, url } = await open(scene, {}, account);
  const authority = (account_: string, query = ''): string => `${url('gate').replace('//', `//${account_}`)}${query}`;
  const tokenOf = async (scope: string): Promise<string> =>
    (await gateway.json<{ token: string }>('POST', '/api/v1/tokens', { scope, stream: 'live/gate' })).token;
  const streams = { video: 'h264', audio: 'none' } as const;
  for (const target of [authority(''), authority('gbrtc:seen@'), authority('', `?token=${await tokenOf('play')}`)]) {
    const refused = keep(scene, publishWithFfmpeg(target, 'tcp', streams));
    expect(await refused.ended()).not.toBe(0);
    expect(refused.errors).toContain('401');
  }
  for (const [transport, target] of [
    ['tcp', authority('publisher:secret@')],
    ['udp', authority('publisher:secret@')],
    ['tcp', authority('', `?token=${await tokenOf('publish')}`)],
  ] as const) {
    const publisher = keep(scene, publishWithFfmpeg(target, transport, streams));
    await playing(gateway, 'gate');
    const seen = await readWithFfmpeg(authority('gbrtc:seen@'), 'tcp', 1);
    expect(seen).toMatchObject({ code: 0, errors: '', codecs: ['h264'] });
    await publisher.stop();
    await eventually('end', async () => ((await live(gateway, 'gate')) === undefined ? true : undefined));
  }
  expect(gateway.output()).not.toContain('secret');
});

test.runIf(HAS_FFMPEG)('PCMU: described as it came, read over both transports', async () => {
  await using scene = new Scene();
  const { port, gateway, url } = await open(scene);
  keep(scene, publishWithFfmpeg(url('gate'), 'tcp', { video: 'h264', audio: 'pcmu' }));
  await playing(gateway, 'gate');
  const reader = scene.keep(new RtspClient(port, '/live/gate'), async (opened) => opened.close());
  const { body } = await reader.request('DESCRIBE');
  expect(body).toContain('m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n');
  for (const transport of ['tcp', 'udp'] as const) {
    const seen = await readWithFfmpeg(url('gate'), transport, 3);
    expect(seen).toMatchObject({ code: 0, errors: '', codecs: ['h264', 'pcm_mulaw'] });
    expect(seen.frames['h264']).toBeGreaterThan(25);
    expect(seen.frames['pcm_mulaw']).toBeGreaterThan(30);
  }
});

test("a camera's name and, where it is so configured, a live name are refused", async () => {
  await using scene = new Scene();
  const { port, gateway } = await open(scene, { pms: { port: 0, republish: 'refuse' } });
  const camera = await scene.camera(gateway);
  await channelsKnown(gateway, 1);
  const [onCamera, first, second] = [streamOf(camera), 'desk', 'desk'].map((name) => {
    return scene.keep(new RtspClient(port, `/live/${name}`), async (client) => client.close());
  });
  const refused = await announce(onCamera!);
  expect([refused.status, refused.phrase]).toEqual([403, expect.stringContaining('belongs to the device')]);
  expect((await announce(first!)).status).toBe(200);
  expect(await announce(second!)).toMatchObject({ status: 403, phrase: 'Forbidden: live/desk is published already' });
});

test('a publisher that never sends is closed after 10 s, and its play says why', async () => {
  await using scene = new Scene();
  const { port, gateway } = await open(scene);
  const client = scene.keep(new RtspClient(port, '/live/mute'), async (opened) => opened.close());
  await announce(client);
  const answer = await setup(client, 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record');
  const session = answer.headers.get('session')?.split(';')[0] ?? '';
  expect((await client.request('RECORD', { Session: session })).status).toBe(200);
  const recordedAt = performance.now();
  await client.closed();
  expect(performance.now() - recordedAt).toBeGreaterThan(9000);
  const { items } = await gateway.json<{ items: { stream: string; state: string; failure?: unknown }[] }>(
    'GET',
    '/api/v1/plays',
  );
  expect(items.find(({ stream }) => stream === 'live/mute')).toMatchObject({
    state: 'failed',
    failure: { code: 'no_rtp', message: 'no RTP of the publisher at 127.0.0.1 arrived' },
  });
});

describe.runIf(HAS_FFMPEG)('while a publication goes on', () => {
  test('broken publishers, garbage on its ports and half-open connections do not disturb it', async () => {
    await using scene = new Scene();
    const { port, gateway, url } = await open(scene);
    keep(scene, publishWithFfmpeg(url('good'), 'udp', { video: 'h264', audio: 'pcma' }));
    await playing(gateway, 'good');
    const random = seededRandom(8554);
    // Announces, sets up, and goes away in the middle of a frame, or never says more.
    const silent: RtspClient[] = [];
    for (let count = 0; count < 20; count += 1) {
      const client = scene.keep(new RtspClient(port, `/live/bad${count}`), async (opened) => opened.close());
      expect((await announce(client)).status).toBe(200);
      const answer = await setup(client, 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record');
      const session = answer.headers.get('session')?.split(';')[0] ?? '';
      await client.request('RECORD', { Session: session });
      for (let packets = 0; packets < 50; packets += 1) {
        client.socket.write(packetOn(0, Buffer.from(mutateText(SDP, random), 'latin1')));
      }
      client.socket.write(Buffer.from([0x24, 0, 0xff, 0xff, 1, 2, 3]));
      if (count % 2 === 0) client.socket.resetAndDestroy();
      else silent.push(client);
    }
    // Mutated dialogues on connections of their own.
    for (let count = 0; count < 200; count += 1) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      const text = `ANNOUNCE rtsp://h/live/x${count} RTSP/1.0\r\nCSeq: 1\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`;
      await once(socket, 'connect');
      socket.end(Buffer.from(mutateText(text, random), 'latin1'));
      socket.resume();
    }
    // Garbage and forged packets on the publication's own ports, from its own address.
    const udp = createSocket('udp4');
    for (let count = 0; count < 5000; count += 1) {
      const forged = Buffer.alloc(40, 0x80);
      forged[1] = count % 2 === 0 ? 96 : 200;
      for (const target of [30_000, 30_001, 30_002, 30_003]) udp.send(forged, target, '127.0.0.1');
      if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const before = await playing(gateway, 'good');
    const seen = await readWithFfmpeg(url('good'), 'tcp', 3);
    udp.close();
    expect(seen).toMatchObject({ code: 0, errors: '', codecs: ['h264', 'pcm_alaw'] });
    expect(seen.frames['h264']).toBeGreaterThan(50);
    const after = await playing(gateway, 'good');
    expect(after.packets).toBeGreaterThan(before.packets + 100);
    for (const client of silent) client.close();
    await eventually('only the good one', async () => {
      const { items } = await gateway.json<{ items: LiveStream[] }>('GET', '/api/v1/live-streams');
      return items.every(({ name }) => name === 'live/good') ? true : undefined;
    });
  });
});
