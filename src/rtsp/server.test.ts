import { afterEach, describe, expect, test } from 'vitest';
import { FakeTapSource, RtspClient, packetOn, type Answer } from '../../test/support/rtsp-fakes.ts';
import { silentLogger } from '../util/index.ts';
import { createRtspServer, type RtspServer, type RtspServerOptions } from './server.ts';

const NOBODY = { username: '', password: '', checkToken: async () => false };
const OPEN = { enable: false, ...NOBODY, publish: NOBODY };
const ACCOUNT = { username: 'viewer', password: 'secret' };
const GUARDED = {
  enable: true,
  ...ACCOUNT,
  publish: NOBODY,
  checkToken: async (token: string, stream: string) => token === 'good' && stream === 'live/a',
};
const UDP = 'RTP/AVP;unicast;client_port=5000-5001';
const TCP = 'RTP/AVP/TCP;unicast;interleaved=0-1';

let nowMs = 0;
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function open(options: Partial<RtspServerOptions> = {}): Promise<{ server: RtspServer; streams: FakeTapSource }> {
  nowMs = 0;
  const streams = new FakeTapSource();
  const base = { address: '127.0.0.1', port: 0, auth: OPEN, now: () => nowMs, tickMs: 5 };
  const server = await createRtspServer({ ...base, ...options }, { streams, log: silentLogger });
  closers.push(() => server.close());
  return { server, streams };
}

function client(server: RtspServer, path = '/live/a'): RtspClient {
  const opened = new RtspClient(server.port, path);
  closers.push(() => opened.close());
  return opened;
}

const setup = (player: RtspClient, transport: string, track = 0, session?: string): Promise<Answer> =>
  player.request(
    'SETUP',
    { Transport: transport, ...(session === undefined ? {} : { Session: session }) },
    { url: `${player.url}/trackID=${track}` },
  );
const idOf = (answer: Answer): string => answer.headers.get('session')?.split(';')[0] ?? '';

describe('a player', () => {
  test('over UDP: DESCRIBE, SETUP, PLAY, PAUSE, PLAY, TEARDOWN', async () => {
    const { server, streams } = await open();
    const player = client(server);
    expect((await player.request('OPTIONS')).headers.get('public')).toBe(
      'OPTIONS, DESCRIBE, ANNOUNCE, SETUP, PLAY, RECORD, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER',
    );
    const described = await player.request('DESCRIBE', { Accept: 'application/sdp', 'User-Agent': 'test player' });
    expect(described.status).toBe(200);
    expect(described.headers.get('content-base')).toBe(`${player.url}/`);
    expect(described.body.split('\r\n').slice(2)).toEqual([
      's=live/a',
      'c=IN IP4 0.0.0.0',
      't=0 0',
      'a=tool:gbrtc',
      'a=range:npt=now-',
      'a=control:*',
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      'a=fmtp:96 packetization-mode=1; profile-level-id=42C028; sprop-parameter-sets=Z0LAKA==,aMuD',
      'a=recvonly',
      'a=control:trackID=0',
      'm=audio 0 RTP/AVP 8',
      'a=rtpmap:8 PCMA/8000',
      'a=recvonly',
      'a=control:trackID=1',
      '',
    ]);
    const first = await setup(player, UDP);
    expect(first.headers.get('transport')).toBe(
      'RTP/AVP;unicast;client_port=5000-5001;server_port=40000-40001;ssrc=0000ABCD',
    );
    expect(first.headers.get('session')).toMatch(/^[0-9a-f]{16};timeout=60$/);
    const id = idOf(first);
    expect((await setup(player, 'RTP/AVP;unicast;client_port=5002-5003', 1, id)).status).toBe(200);
    const [tap] = streams.taps;
    expect(streams.taps).toHaveLength(1);
    expect(streams.requests).toEqual([
      { reader: { protocol: 'rtsp', remoteAddress: '127.0.0.1', userAgent: 'test player' } },
    ]);
    expect(tap?.udp.map(({ target }) => target)).toEqual([
      { track: 'video', address: '127.0.0.1', rtpPort: 5000, rtcpPort: 5001, localAddress: '127.0.0.1' },
      { track: 'audio', address: '127.0.0.1', rtpPort: 5002, rtcpPort: 5003, localAddress: '127.0.0.1' },
    ]);
    const playing = (): boolean[] | undefined => tap?.udp.map((entry) => entry.playing);
    expect(playing()).toEqual([false, false]);
    const played = await player.request('PLAY', { Session: id, Range: 'npt=0.000-' });
    expect([played.status, played.headers.get('range'), played.headers.get('rtp-info')]).toEqual([
      200,
      'npt=now-',
      `url=${player.url}/trackID=0,url=${player.url}/trackID=1`,
    ]);
    expect((await player.request('GET_PARAMETER', { Session: id })).status).toBe(200);
    expect(playing()).toEqual([true, true]);
    expect((await player.request('PAUSE', { Session: id })).status).toBe(200);
    expect(playing()).toEqual([false, false]);
    await player.request('PLAY', { Session: id });
    expect((await player.request('SET_PARAMETER', { Session: id })).status).toBe(200);
    expect(playing()).toEqual([true, true]);
    expect((await player.request('TEARDOWN', { Session: id })).status).toBe(200);
    expect(tap?.closed).toBe(true);
    expect((await player.request('PLAY', { Session: id })).status).toBe(454);
  });

  test('interleaved: from a key frame on, only what was set up, on the channels that were asked for', async () => {
    const { server, streams } = await open();
    const player = client(server);
    const id = idOf(await setup(player, 'RTP/AVP/TCP;unicast;interleaved=4-5'));
    await player.request('PLAY', { Session: id });
    const [tap] = streams.taps;
    await expect.poll(() => tap?.readers.size).toBe(1);
    tap?.send(false);
    tap?.send(true);
    tap?.send(false);
    await expect.poll(() => player.packets.length).toBe(2);
    expect(player.packets.map(({ channel, packet }) => [channel, packet.length, packet[0]])).toEqual([
      [4, 100, 5],
      [4, 100, 1],
    ]);
    // The player's own RTCP is between its requests.
    player.socket.write(packetOn(5, Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1])));
    expect((await player.request('PAUSE', { Session: id })).status).toBe(200);
    tap?.send(true);
    await player.request('PLAY', { Session: id });
    await player.request('OPTIONS');
    expect(tap?.keyFrameRequests).toBe(1);
    expect(player.packets).toHaveLength(2);
    player.close();
    await expect.poll(() => tap?.closed).toBe(true);
    await expect.poll(() => server.connections).toBe(0);
  });

  test('interleaved PLI asks for a key frame, on the channel of the video only', async () => {
    const { server, streams } = await open();
    const player = client(server);
    const id = idOf(await setup(player, 'RTP/AVP/TCP;unicast;interleaved=4-5'));
    await player.request('PLAY', { Session: id });
    const [tap] = streams.taps;
    await expect.poll(() => tap?.readers.size).toBe(1);
    const pli = Buffer.from('81ce00020000000100000002', 'hex');
    for (const channel of [5, 4, 7]) player.socket.write(packetOn(channel, pli));
    await player.request('OPTIONS');
    expect(tap?.keyFrameRequests).toBe(1);
  });

  test('both tracks on the usual channels', async () => {
    const { server, streams } = await open();
    const player = client(server);
    const id = idOf(await setup(player, TCP));
    // The same channels again: others are chosen.
    const second = await setup(player, TCP, 1, id);
    expect(second.headers.get('transport')).toBe('RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=0000EF01');
    await player.request('PLAY', { Session: id });
    await expect.poll(() => streams.taps[0]?.readers.size).toBe(1);
    streams.taps[0]?.send(true);
    await expect.poll(() => player.packets.map(({ channel }) => channel)).toEqual([2, 0]);
  });
});

describe('refused', () => {
  const cases: {
    name: string;
    method?: string;
    path?: string;
    headers?: Record<string, string>;
    body?: string;
    status: number;
  }[] = [
    { name: 'an unknown method', method: 'REDIRECT', status: 405 },
    { name: 'an option that is required', method: 'OPTIONS', headers: { Require: 'play.scale' }, status: 551 },
    { name: 'no stream in the URL', method: 'DESCRIBE', path: '/', status: 404 },
    { name: 'an unknown stream', method: 'DESCRIBE', path: '/stream_not_found', status: 404 },
    { name: 'a device that is offline', method: 'DESCRIBE', path: '/device_offline', status: 404 },
    { name: 'H.265', method: 'DESCRIBE', path: '/codec_unsupported', status: 415 },
    { name: 'too many streams', method: 'SETUP', path: '/stream_limit', status: 453 },
    { name: 'a camera that sends nothing', method: 'SETUP', path: '/no_rtp', status: 503 },
    {
      name: 'a track that is not there',
      method: 'SETUP',
      path: '/a/trackID=7',
      headers: { Transport: UDP },
      status: 404,
    },
    { name: 'no transport', method: 'SETUP', status: 461 },
    { name: 'multicast', method: 'SETUP', headers: { Transport: 'RTP/AVP;multicast' }, status: 461 },
    { name: 'UDP without ports', method: 'SETUP', headers: { Transport: 'RTP/AVP;unicast' }, status: 461 },
    { name: 'recording', method: 'SETUP', headers: { Transport: `${TCP};mode=record` }, status: 461 },
    {
      name: 'SETUP of a session that is none',
      method: 'SETUP',
      headers: { Transport: UDP, Session: 'x' },
      status: 454,
    },
    { name: 'PLAY without a session', method: 'PLAY', status: 454 },
    { name: 'a keep-alive of a session that is none', method: 'GET_PARAMETER', headers: { Session: 'x' }, status: 454 },
    { name: 'a parameter', method: 'GET_PARAMETER', body: 'packets_received\r\n', status: 451 },
  ];
  test.each(cases)('$name: $status', async ({ method = 'OPTIONS', path, headers, body, status }) => {
    const { server } = await open();
    const player = client(server, path);
    expect((await player.request(method, headers, body === undefined ? {} : { body })).status).toBe(status);
    // The connection goes on.
    expect((await player.request('OPTIONS')).status).toBe(200);
  });

  test('only a codec that players do not get is explained to them', async () => {
    const { server } = await open();
    const phrases = ['codec_unsupported', 'device_offline'].map(
      async (name) => (await client(server, `/${name}`).request('DESCRIBE')).phrase,
    );
    expect(await Promise.all(phrases)).toEqual(['Unsupported Media Type: refused with codec_unsupported', 'Not Found']);
  });

  test('by the state of the session', async () => {
    const { server } = await open();
    const player = client(server);
    const id = idOf(await setup(player, TCP));
    expect((await setup(player, TCP, 0, id)).status).toBe(455);
    expect((await setup(player, UDP, 1, id)).status).toBe(461);
    const other = { url: player.url.replace('/a', '/b/trackID=1') };
    expect((await player.request('SETUP', { Transport: TCP, Session: id }, other)).status).toBe(459);
    expect((await player.request('PLAY', { Session: id, Range: 'npt=x-' })).status).toBe(457);
    expect((await player.request('PLAY', { Session: id, Range: 'clock=19961108T142300Z-' })).status).toBe(501);
    await player.request('PLAY', { Session: id });
    expect((await setup(player, TCP, 1, id)).status).toBe(455);
  });

  test('what DESCRIBE asks meanwhile does not change which stream the session has', async () => {
    const { server, streams } = await open();
    const player = client(server);
    const id = idOf(await setup(player, TCP));
    const other = player.url.replace('/a', '/b');
    expect((await player.request('DESCRIBE', {}, { url: other })).status).toBe(200);
    const both = { Transport: 'RTP/AVP/TCP;unicast;interleaved=2-3', Session: id };
    expect((await player.request('SETUP', both, { url: `${other}/trackID=1` })).status).toBe(459);
    expect((await player.request('SETUP', both, { url: `${player.url}/trackID=1` })).status).toBe(200);
    expect(streams.taps.map(({ stream }) => stream)).toEqual(['live/a', 'live/b']);
  });

  test('what is no RTSP is answered with 400 and closed', async () => {
    const { server } = await open();
    const player = client(server);
    player.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await player.next()).status).toBe(400);
    await player.closed();
  });

  test('no CSeq, too many connections, too many requests at once', async () => {
    const { server } = await open({ maxConnections: 1 });
    const player = client(server);
    player.socket.write('OPTIONS * RTSP/1.0\r\n\r\n');
    expect((await player.next()).status).toBe(400);
    await client(server).closed();
    player.socket.write('DESCRIBE rtsp://h/live/a RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(100));
    await player.closed();
    await expect.poll(() => server.connections).toBe(0);
  });
});

describe('access', () => {
  test.each(['DESCRIBE', 'SETUP'])('%s without: a challenge of both kinds, no camera is called', async (method) => {
    const { server, streams } = await open({ auth: GUARDED });
    const answer = await client(server).request(method, { Transport: UDP });
    expect([answer.status, streams.taps.length]).toEqual([401, 0]);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Digest realm="gbrtc", nonce="[0-9a-f]{32}"/);
  });

  test.each([
    ['Digest', ACCOUNT, 200],
    ['Digest, wrong password', { ...ACCOUNT, password: 'x' }, 401],
    ['Digest, wrong name', { ...ACCOUNT, username: 'x' }, 401],
  ])('%s', async (_name, account, status) => {
    const { server } = await open({ auth: GUARDED });
    const player = client(server);
    const challenge = await player.request('DESCRIBE');
    const Authorization = player.digest(challenge, 'DESCRIBE', account);
    expect((await player.request('DESCRIBE', { Authorization })).status).toBe(status);
    // A nonce is good for its own connection only.
    expect((await client(server).request('DESCRIBE', { Authorization })).status).toBe(401);
  });

  test.each([
    ['viewer:secret', 200],
    ['viewer:wrong', 401],
    ['viewer:', 401],
  ])('Basic %s', async (account, status) => {
    const { server } = await open({ auth: GUARDED });
    const Authorization = `Basic ${Buffer.from(account).toString('base64')}`;
    expect((await client(server).request('DESCRIBE', { Authorization })).status).toBe(status);
  });

  test.each([
    ['/live/a?token=good', 200],
    ['/a?token=good', 200],
    ['/live/b?token=good', 401],
    ['/live/a?token=bad', 401],
  ])('token %s', async (path, status) => {
    const { server } = await open({ auth: GUARDED });
    const player = client(server, path);
    expect((await player.request('DESCRIBE')).status).toBe(status);
    expect((await setup(player, TCP)).status).toBe(status);
  });

  test('behind too many wrong passwords of an address none of its own is looked at for a minute; tokens are', async () => {
    const { server } = await open({ auth: GUARDED, maxFailures: 3 });
    const ask = (account: string, path?: string): Promise<Answer> =>
      client(server, path).request('DESCRIBE', { Authorization: `Basic ${Buffer.from(account).toString('base64')}` });
    for (const account of ['viewer:a', 'viewer:b', 'x:secret']) expect((await ask(account)).status).toBe(401);
    const refused = await ask('viewer:secret');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60']);
    expect((await client(server).request('DESCRIBE')).status).toBe(401);
    expect((await ask('viewer:d', '/live/a?token=good')).status).toBe(200);
    nowMs += 60_000;
    expect((await ask('viewer:secret')).status).toBe(200);
  });

  test('the nonce of another connection does not count as a wrong password', async () => {
    const { server } = await open({ auth: GUARDED, maxFailures: 1 });
    const first = client(server);
    const Authorization = first.digest(await first.request('DESCRIBE'), 'DESCRIBE', ACCOUNT);
    const other = client(server);
    const again = await other.request('DESCRIBE', { Authorization });
    expect(again.status).toBe(401);
    const digest = other.digest(again, 'DESCRIBE', ACCOUNT);
    expect((await other.request('DESCRIBE', { Authorization: digest })).status).toBe(200);
  });

  test('an empty password opens nothing', async () => {
    const { server } = await open({ auth: { ...GUARDED, username: '', password: '' } });
    const Authorization = `Basic ${Buffer.from(':').toString('base64')}`;
    expect((await client(server).request('DESCRIBE', { Authorization })).status).toBe(401);
  });
});

describe('the end', () => {
  test('a player that is not heard of times out; requests and RTCP keep it alive', async () => {
    const { server, streams } = await open({ sessionTimeoutMs: 60_000 });
    const player = client(server);
    const id = idOf(await setup(player, UDP));
    await player.request('PLAY', { Session: id });
    nowMs = 50_000;
    await player.request('GET_PARAMETER', { Session: id });
    nowMs = 100_000;
    streams.taps[0]?.udp[0]?.output.emit('alive');
    nowMs = 150_000;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(player.socket.closed).toBe(false);
    nowMs = 160_001;
    await player.closed();
    expect(streams.taps[0]?.closed).toBe(true);
  });

  test('a connection that asks nothing times out', async () => {
    const { server } = await open({ sessionTimeoutMs: 60_000 });
    const idle = client(server);
    await expect.poll(() => server.connections).toBe(1);
    nowMs = 60_001;
    await idle.closed();
  });

  test('the stream ends: the player is told by the end of its connection', async () => {
    const { server, streams } = await open();
    const player = client(server);
    await setup(player, TCP);
    streams.taps[0]?.end('media_lost');
    await player.closed();
    await expect.poll(() => server.connections).toBe(0);
  });

  test('closing the server ends all, twice is once', async () => {
    const { server, streams } = await open();
    const player = client(server);
    await player.request('DESCRIBE');
    await Promise.all([server.close(), server.close()]);
    await player.closed();
    expect(streams.taps[0]?.closed).toBe(true);
  });

  test('a taken port is named', async () => {
    const { server } = await open();
    await expect(open({ port: server.port })).rejects.toMatchObject({ code: 'rtsp_listen_failed' });
  });
});

test('a client that asks on and on and never reads is closed, before any login', async () => {
  const { server } = await open({ auth: GUARDED });
  const deaf = client(server);
  await deaf.request('OPTIONS');
  deaf.socket.pause();
  const asking = `OPTIONS * RTSP/1.0\r\nCSeq: ${'9'.repeat(4000)}\r\n\r\n`.repeat(10);
  let sent = 0;
  // The kernel's buffers of both ends take some megabytes.
  while (server.connections > 0 && sent < 64_000_000) {
    deaf.socket.write(asking);
    sent += asking.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(server.connections).toBe(0);
});

test('a reader that does not read: memory stays bounded, then it is closed, the others go on', async () => {
  const { server, streams } = await open();
  const stuck = client(server);
  const id = idOf(await setup(stuck, TCP));
  await stuck.request('PLAY', { Session: id });
  const [tap] = streams.taps;
  await expect.poll(() => tap?.readers.size).toBe(1);
  stuck.socket.pause();
  const before = process.memoryUsage().arrayBuffers;
  // 200 MB, a key frame in every ten.
  for (let frame = 0; frame < 4000; frame += 1) {
    tap?.send(frame % 10 === 0, 50_000);
    if (frame % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64_000_000);
  // A key frame that finds no room is not asked for.
  expect(tap?.keyFrameRequests).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 30));
  nowMs = 10_001;
  await expect.poll(() => tap?.closed).toBe(true);
  expect(server.connections).toBe(0);
});
