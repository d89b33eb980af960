import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { FakeError } from '../../../test/support/fake-platform.ts';
import {
  NO_STATS,
  FAKE_ANSWER,
  fakePlay,
  fakeStream,
  fakeReader,
  fakeViewer,
} from '../../../test/support/fake-streams.ts';
import { parseStreamUrl } from './stream-url.ts';

const NAME = '34020000001320000001_34020000001310000001';
const OFFER = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:clientfrag\r\n';
const SRS_KEYS = ['code', 'server', 'service', 'pid'];

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi();
});
afterEach(() => api.close());

describe('POST /rtc/v1/play', () => {
  const body = {
    api: 'http://h:1985/rtc/v1/play/',
    streamurl: `webrtc://h:1985/live/${NAME}`,
    clientip: null,
    sdp: OFFER,
  };

  test.each(['/rtc/v1/play/', '/rtc/v1/play'])('%s answers as SRS', async (path) => {
    const response = await api.send('POST', path, body, { 'User-Agent': 'player/1' });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const reply = (await response.json()) as Record<string, unknown>;
    expect(Object.keys(reply)).toEqual([...SRS_KEYS, 'sdp', 'sessionid', 'viewer', 'play']);
    expect(reply).toMatchObject({
      code: 0,
      sdp: FAKE_ANSWER,
      sessionid: 'serverfrag:clientfrag',
      viewer: 'v1',
      play: 'p1',
    });
    expect(api.streams.calls[0]).toEqual([
      'view',
      `live/${NAME}`,
      { offer: OFFER, remoteAddress: '127.0.0.1', userAgent: 'player/1' },
    ]);
  });

  test('behind a trusted proxy the viewer has its own address', async () => {
    await api.close();
    api = await openApi({ trustedProxies: ['127.0.0.0/8'] });
    api.streams.addStream(fakeStream());
    await api.send('POST', '/rtc/v1/play/', body, { 'X-Forwarded-For': '203.0.113.7' });
    expect(api.streams.calls[0]?.[2]).toMatchObject({ remoteAddress: '203.0.113.7' });
    const whep = { 'X-Forwarded-For': '2001:db8::7', 'Content-Type': 'application/sdp' };
    const url = `${api.base}/rtc/v1/whep/?app=live&stream=${NAME}`;
    expect((await fetch(url, { method: 'POST', headers: whep, body: OFFER })).status).toBe(201);
    expect(api.streams.calls[1]?.[2]).toMatchObject({ remoteAddress: '2001:db8::7' });
  });

  test('the body may come as text, and the stream by its SSRC', async () => {
    api.streams.addStream(fakeStream());
    const response = await api.send(
      'POST',
      '/rtc/v1/play/',
      { streamurl: 'webrtc://h/live/0200000001?token=x', tid: 't', sdp: OFFER },
      { 'Content-Type': 'text/plain;charset=UTF-8' },
    );
    expect(await response.json()).toMatchObject({ code: 0 });
    expect(api.streams.calls[0]?.[1]).toBe(`live/${NAME}`);
  });

  test.each([
    ['no sdp', { ...body, sdp: '' }, 'invalid_request'],
    ['no streamurl', { sdp: OFFER }, 'invalid_request'],
    ['a foreign url', { ...body, streamurl: 'webrtc://h/../../etc' }, 'invalid_request'],
    ['not SDP', { ...body, sdp: 'hello' }, 'invalid_request'],
    ['not JSON', '{', 'invalid_json'],
  ])('refused: %s', async (_name, request, reason) => {
    const response = await api.send('POST', '/rtc/v1/play/', request);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ code: 400, reason, msg: expect.any(String) as string });
  });

  test('a failed play has its reason and its play', async () => {
    api.streams.addPlay(fakePlay({ id: 'p9', state: 'failed' })).failure = new FakeError('no_rtp', 'no packet arrived');
    const reply = await (await api.send('POST', '/rtc/v1/play/', body)).json();
    expect(reply).toMatchObject({ code: 400, msg: 'no packet arrived', reason: 'no_rtp', play: 'p9' });
  });

  test('other methods are 405, the preflight is answered', async () => {
    const response = await api.get('/rtc/v1/play/');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    const preflight = await fetch(`${api.base}/rtc/v1/play/`, { method: 'OPTIONS' });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  });
});

describe('WHEP', () => {
  const path = `/rtc/v1/whep/?app=live&stream=${NAME}`;
  const offer = (target = path, headers: Record<string, string> = {}) =>
    api.send('POST', target, OFFER, { 'Content-Type': 'application/sdp', ...headers });

  test.each([
    path,
    `/rtc/v1/whep?stream=${NAME}`,
    `/rtc/v1/whep/?stream=live%2F${NAME}`,
    `/rtc/v1/whip-play/?app=live&stream=${NAME}`,
  ])('POST %s', async (target) => {
    const response = await offer(target);
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('application/sdp');
    expect(response.headers.get('location')).toBe(`/rtc/v1/whep/?app=live&stream=${NAME}&session=v1`);
    expect(response.headers.get('etag')).toBe('"v1"');
    expect(response.headers.get('accept-patch')).toBe('application/trickle-ice-sdpfrag');
    expect(response.headers.get('x-gbrtc-viewer')).toBe('v1');
    expect(response.headers.get('x-gbrtc-play')).toBe('p1');
    for (const name of ['Location', 'ETag', 'X-Gbrtc-Viewer']) {
      expect(response.headers.get('access-control-expose-headers')).toContain(name);
    }
    expect(await response.text()).toBe(FAKE_ANSWER);
    expect(api.streams.calls[0]?.[1]).toBe(`live/${NAME}`);
  });

  test('trickle, then leave', async () => {
    const location = (await offer()).headers.get('location') ?? '';
    const fragment = 'a=ice-ufrag:x\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n';
    const type = { 'Content-Type': 'application/trickle-ice-sdpfrag' };
    const patch = (headers: Record<string, string>) => api.send('PATCH', location, fragment, headers);
    expect((await patch({ ...type, 'If-Match': '"v1"' })).status).toBe(204);
    expect((await patch(type)).status).toBe(204);
    expect(api.streams.calls.filter(([name]) => name === 'trickle')).toEqual([
      ['trickle', 'v1', fragment],
      ['trickle', 'v1', fragment],
    ]);
    expect((await patch({ ...type, 'If-Match': '"v2"' })).status).toBe(412);
    expect((await patch({ ...type, 'If-Match': '*' })).status).toBe(422);
    expect((await patch({ 'Content-Type': 'application/sdp' })).status).toBe(415);
    expect((await fetch(api.base + location, { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(api.base + location, { method: 'DELETE' })).status).toBe(404);
    expect((await patch(type)).status).toBe(404);
  });

  test.each([
    ['/rtc/v1/whep/', OFFER, 'application/sdp', [400, 'invalid_request']],
    ['/rtc/v1/whep/?stream=a/b/c', OFFER, 'application/sdp', [400, 'invalid_request']],
    [`/rtc/v1/whep/?app=..&stream=%00`, OFFER, 'application/sdp', [400, 'invalid_request']],
    [path, OFFER, 'image/png', [415, 'media_type_unsupported']],
    [path, 'hello', 'application/sdp', [400, 'invalid_request']],
    [path, '', 'application/sdp', [400, 'invalid_request']],
    [path, `v=0\r\n${'a'.repeat(70_000)}`, 'application/sdp', [413, 'body_too_large']],
  ] as const)('POST %s refused', async (target, body, type, [status, code]) => {
    const response = await api.send('POST', target, body, { 'Content-Type': type });
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
  });

  test.each([
    ['device_offline', 409],
    ['codec_unsupported', 422],
    ['invite_rejected', 502],
    ['no_rtp', 502],
    ['no_media_port', 503],
    ['invite_timeout', 504],
  ])('%s is %i with the play', async (code, status) => {
    api.streams.addPlay(fakePlay({ id: 'p9' })).failure = new FakeError(code, 'why', 486);
    const response = await offer();
    expect([response.status, await response.json()]).toEqual([
      status,
      { error: { code, message: 'why', sipStatus: 486, playId: 'p9' } },
    ]);
  });

  test('a client that leaves while the camera is opened leaves no viewer', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    api.streams.hold = promise;
    const abort = new AbortController();
    const request = fetch(api.base + path, { method: 'POST', body: OFFER, signal: abort.signal });
    await expect.poll(() => api.streams.calls.length).toBe(2);
    abort.abort();
    await expect(request).rejects.toThrow();
    // A round trip later the server has seen the end of that connection.
    await api.get('/healthz');
    resolve(undefined);
    await expect.poll(() => api.streams.calls.at(-1)).toEqual(['closeViewer', 'v1']);
    expect(api.streams.list()).toMatchObject([{ viewers: [] }]);
  });

  test('GET is 405', async () => {
    const response = await api.get(path);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, PATCH, DELETE, OPTIONS']);
  });
});

describe('WHEP with authentication', () => {
  let locked: ApiFixture;
  beforeEach(async () => {
    locked = await openApi({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
  });
  afterEach(() => locked.close());

  test('no token 401, token of the administrator 201; the session URL needs no token', async () => {
    const path = `/rtc/v1/whep/?app=live&stream=${NAME}`;
    const sdp = { 'Content-Type': 'application/sdp' };
    expect((await locked.send('POST', path, OFFER, sdp)).status).toBe(401);
    expect(locked.streams.calls).toEqual([]);
    const token = await locked.login();
    const response = await locked.send('POST', path, OFFER, { ...sdp, Authorization: `Bearer ${token}` });
    expect(response.status).toBe(201);
    const location = response.headers.get('location') ?? '';
    expect(location).toMatch(/&session=v1&key=[\w-]{22}$/);
    const stranger = location.replace(/key=.*/, 'key=AAAAAAAAAAAAAAAAAAAAAA');
    expect((await fetch(locked.base + stranger, { method: 'DELETE' })).status).toBe(401);
    expect((await fetch(locked.base + location, { method: 'DELETE' })).status).toBe(200);
  });
});

describe('lists of SRS', () => {
  const running = fakeStream({
    stats: { ...NO_STATS, frames: 50, bytes: 5000, bitrateBps: 4_000_000 },
    viewers: [fakeViewer({ bytesSent: 700 }), fakeViewer({ id: 'v2', bytesSent: 300 })],
    readers: [fakeReader(), fakeReader({ id: 'r2', protocol: 'recording' })],
  });

  test.each(['/api/v1/versions', '/api/v1/versions/'])('%s', async (path) => {
    const response = await api.get(path);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const reply = (await response.json()) as Record<string, unknown>;
    expect(Object.keys(reply)).toEqual([...SRS_KEYS, 'data']);
    expect(reply).toMatchObject({ code: 0, data: { major: 1, minor: 2, revision: 3, version: '1.2.3' } });
  });

  test.each(['/api/v1/streams/', '/api/v1/streams', '/api/v1/streams?count=99'])('%s', async (path) => {
    api.streams.addStream(running);
    const reply = (await (await api.get(path)).json()) as { streams: Record<string, unknown>[] };
    expect(Object.keys(reply)).toEqual([...SRS_KEYS, 'streams']);
    const { gbrtc, kbps, ...stream } = reply.streams[0] ?? {};
    expect(stream).toEqual({
      id: 'p1',
      name: NAME,
      vhost: '__defaultVhost__',
      app: 'live',
      tcUrl: 'rtmp://127.0.0.1/live',
      url: `/live/${NAME}`,
      live_ms: 1_700_000_000_000,
      clients: 4,
      frames: 50,
      send_bytes: 1000,
      recv_bytes: 5000,
      publish: { active: true, cid: 'publisher-p1' },
      video: { codec: 'H264', profile: 'High', level: '3.1', width: 1920, height: 1080 },
      audio: { codec: 'PCMA', sample_rate: 8000, channel: 1, profile: '' },
    });
    expect(kbps).toMatchObject({ recv_30s: 4000 });
    expect(gbrtc).toEqual(running);
  });

  test('without tracks: null', async () => {
    const { video: _video, audio: _audio, ...bare } = running;
    api.streams.addStream({ ...bare, state: 'opening' });
    const { streams } = (await (await api.get('/api/v1/streams/')).json()) as { streams: unknown[] };
    expect(streams).toMatchObject([{ video: null, audio: null, publish: { active: false } }]);
  });

  test('one stream, one client, pages', async () => {
    api.streams.addStream(running).addStream(fakeStream({ name: 'live/b', playId: 'p2' }));
    expect(await (await api.get('/api/v1/streams/p2')).json()).toMatchObject({ code: 0, stream: { name: 'b' } });
    const gone = await api.get('/api/v1/streams/none');
    expect([gone.status, await gone.json()]).toMatchObject([404, { code: 2048 }]);
    const page = (await (await api.get('/api/v1/streams/?start=1&count=1')).json()) as { streams: { id: string }[] };
    expect(page.streams.map(({ id }) => id)).toEqual(['p2']);
    expect(await (await api.get('/api/v1/clients/v2')).json()).toMatchObject({ code: 0, client: { id: 'v2' } });
    expect((await api.get('/api/v1/clients/none')).status).toBe(404);
  });

  test('clients: the camera and its viewers', async () => {
    api.streams.addStream(running);
    const reply = (await (await api.get('/api/v1/clients/')).json()) as { clients: Record<string, unknown>[] };
    expect(Object.keys(reply)).toEqual([...SRS_KEYS, 'clients']);
    expect(reply.clients.map(({ id, publish, type }) => [id, publish, type])).toEqual([
      ['publisher-p1', true, 'gb28181-publish'],
      ['v1', false, 'rtc-play'],
      ['v2', false, 'rtc-play'],
      ['r1', false, 'rtsp-play'],
    ]);
    expect(Object.keys(reply.clients[1] ?? {}).join(' ')).toBe(
      'id vhost stream ip pageUrl swfUrl tcUrl url name type publish alive send_bytes recv_bytes kbps',
    );
    expect(reply.clients[1]).toMatchObject({ stream: 'p1', ip: '127.0.0.1', send_bytes: 700 });
  });

  test.each([
    ['DELETE', '/api/v1/clients/v1'],
    ['POST', '/api/v1/clients/v1/kick'],
  ])('%s %s disconnects', async (method, path) => {
    api.streams.addStream(running);
    const kick = () => fetch(api.base + path, { method });
    expect(await (await kick()).json()).toMatchObject({ code: 0 });
    expect((await kick()).status).toBe(404);
    expect(api.streams.find(NAME)?.viewers).toHaveLength(1);
  });
});

describe('parseStreamUrl', () => {
  test.each([
    ['webrtc://h:1985/live/a_b?token=t', { stream: 'live/a_b', app: 'live', name: 'a_b', token: 't' }],
    ['WEBRTC://h/live/0123456789', { stream: 'live/0123456789', app: 'live', name: '0123456789' }],
    ['webrtc://[::1]:1985/live/x', { stream: 'live/x', app: 'live', name: 'x' }],
    ['http://h/live/x', { stream: 'live/x', app: 'live', name: 'x' }],
    ['webrtc://h/live', undefined],
    ['webrtc://h/live/a/b', undefined],
    ['webrtc://h/live/%E9%97%A8_1', { stream: 'live/门_1', app: 'live', name: '门_1' }],
    ['webrtc://h/live/a b', undefined],
    ['webrtc://h/live/%zz', undefined],
    ['webrtc://h/live/%2e%2e%2fx', undefined],
    ['webrtc://', undefined],
    ['file:///etc/passwd', undefined],
    ['live/x', undefined],
    [`webrtc://h/live/${'x'.repeat(5000)}`, undefined],
  ])('%s', (text, expected) => {
    expect(parseStreamUrl(text)).toEqual(expected);
  });
});
