import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { fakeChannel, fakeDevice } from '../../../test/support/fake-platform.ts';
import { NO_STATS, fakeStream, fakeReader, fakeViewer } from '../../../test/support/fake-streams.ts';
import { liveStreamDetailSchema } from '../schemas/live-stream.ts';

const CAMERA = fakeStream().name;
const publisher = {
  id: 'pub9',
  remoteAddress: '192.0.2.7',
  userAgent: 'page',
  iceState: 'completed',
  dtlsState: 'connected',
  muted: { video: false, audio: false },
};
const publication = (name: string, more: Partial<Parameters<typeof fakeStream>[0]> = {}) =>
  fakeStream({ name, source: 'publication', deviceId: '', channelId: '', ssrc: '', transport: 'webrtc', ...more });

/** A camera with two viewers, a browser, an encoder over RTSP and a stream that we pull. */
function fill({ platform, streams }: ApiFixture): void {
  platform.addDevice(fakeDevice(), [fakeChannel({ name: 'East gate' })]);
  const stats = { ...NO_STATS, bitrateBps: 4_000_000, fps: 25 };
  streams
    .addStream(
      fakeStream({
        createdAt: 1000,
        stats,
        viewers: [fakeViewer(), fakeViewer({ id: 'v2' })],
        readers: [fakeReader(), fakeReader({ id: 'r2', protocol: 'recording' })],
      }),
    )
    .addStream(publication('live/desk', { createdAt: 3000, publisher }))
    .addStream(publication('live/encoder', { createdAt: 2000, transport: 'rtsp' }))
    .addStream(publication('yard/old-camera', { createdAt: 4000, transport: 'pull', viewers: [fakeViewer()] }));
}

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi();
  fill(api);
});
afterEach(() => api.close());

describe('GET /api/v1/live-streams', () => {
  test.each([
    { name: 'newest first', query: '', names: ['yard/old-camera', 'live/desk', 'live/encoder', CAMERA] },
    {
      name: 'reversed',
      query: '?reverse=true',
      names: [CAMERA, 'live/encoder', 'live/desk', 'yard/old-camera'],
    },
    { name: 'by title', query: '?sort=title', names: ['live/desk', CAMERA, 'live/encoder', 'yard/old-camera'] },
    { name: 'by bitrate', query: '?sort=bitrate&limit=1', names: [CAMERA] },
    { name: 'by viewers', query: '?sort=viewers&limit=2', names: [CAMERA, 'yard/old-camera'] },
    { name: 'a page', query: '?limit=2&page=2', names: ['live/encoder', CAMERA] },
    { name: 'cameras', query: '?kind=camera', names: [CAMERA] },
    { name: 'browsers', query: '?kind=webrtc', names: ['live/desk'] },
    { name: 'RTSP', query: '?kind=rtsp', names: ['live/encoder'] },
    { name: 'pulled', query: '?kind=pull', names: ['yard/old-camera'] },
    { name: "a channel's name", query: '?search=GATE', names: [CAMERA] },
    { name: 'all words', query: '?search=yard%20old', names: ['yard/old-camera'] },
    { name: "a publisher's address", query: '?search=192.0.2.7', names: ['live/desk'] },
    { name: 'nothing', query: '?search=nowhere', names: [] },
  ])('$name', async ({ query, names }) => {
    const page = (await (await api.get(`/api/v1/live-streams${query}`)).json()) as { items: { name: string }[] };
    expect(page.items.map(({ name }) => name)).toEqual(names);
  });

  test.each(['?kind=file', '?sort=colour', '?limit=0', '?reverse=maybe'])('bad query %s', async (query) => {
    expect((await api.get(`/api/v1/live-streams${query}`)).status).toBe(400);
  });

  test('a list has no viewers, one stream has them', async () => {
    const list = (await (await api.get('/api/v1/live-streams?kind=camera')).json()) as { items: unknown[] };
    const view = {
      name: CAMERA,
      title: 'East gate',
      kind: 'camera',
      viewerCount: 3,
      bitrateBps: 4_000_000,
      fps: 25,
      video: { codec: 'h264', playable: true, width: 1920, height: 1080 },
      audio: { codec: 'pcma', playable: true, sampleRate: 8000, channels: 1 },
    };
    expect(list.items).toEqual([expect.objectContaining(view)]);
    expect(list.items[0]).not.toHaveProperty('viewers');
    const one: unknown = await (await api.get(`/api/v1/live-streams/${CAMERA}`)).json();
    expect(one).toMatchObject({
      ...view,
      viewers: [{ id: 'v1' }, { id: 'v2' }],
      readers: [fakeReader(), { id: 'r2' }],
    });
    expect(liveStreamDetailSchema.strict().safeParse(one).error).toBeUndefined();
    const none = await api.get('/api/v1/live-streams/live/none');
    expect([none.status, await none.json()]).toMatchObject([404, { error: { code: 'stream_unknown' } }]);
  });
});

describe('DELETE', () => {
  test.each([CAMERA, 'live/desk', 'yard/old-camera'])('%s ends, once', async (name) => {
    expect((await api.send('DELETE', `/api/v1/live-streams/${name}`, undefined)).status).toBe(204);
    expect(api.streams.calls).toContainEqual(['close', name]);
    expect((await api.send('DELETE', `/api/v1/live-streams/${name}`, undefined)).status).toBe(404);
  });

  test('a name may have any letters', async () => {
    api.streams.addStream(publication('会议室/大屏-1'));
    const path = `/api/v1/live-streams/${encodeURIComponent('会议室')}/${encodeURIComponent('大屏-1')}`;
    expect((await api.send('DELETE', path, undefined)).status).toBe(204);
  });
});

describe('POST …/mute', () => {
  beforeEach(() => api.streams.publish('phone', { offer: '', remoteAddress: '', userAgent: '' }));
  const mute = (name: string, body: unknown) => api.send('POST', `/api/v1/live-streams/${name}/mute`, body);

  test('one kind after the other, told as an event', async () => {
    const told: unknown[] = [];
    api.streams.on('changed', ({ publisher: told1 }) => told.push(told1?.muted));
    expect(await (await mute('live/phone', { audio: true })).json()).toEqual({ video: false, audio: true });
    expect(await (await mute('live/phone', { video: true })).json()).toEqual({ video: true, audio: true });
    expect(await (await mute('live/phone', { video: false, audio: false })).json()).toEqual({
      video: false,
      audio: false,
    });
    expect(told).toEqual([
      { video: false, audio: true },
      { video: true, audio: true },
      { video: false, audio: false },
    ]);
  });

  test.each([
    { name: 'live/phone', body: {}, status: 400, code: 'invalid_request' },
    { name: 'live/phone', body: { video: 'yes' }, status: 400, code: 'invalid_request' },
    { name: 'live/phone', body: { video: true, all: true }, status: 400, code: 'invalid_request' },
    { name: 'live/none', body: { video: true }, status: 404, code: 'stream_unknown' },
    { name: CAMERA, body: { video: true }, status: 409, code: 'not_a_publication' },
  ])('$name $body: $code', async ({ name, body, status, code }) => {
    const response = await mute(name, body);
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
  });
});

describe('rights', () => {
  const routes = [
    ['GET', '/api/v1/live-streams', 'admin'],
    ['GET', '/api/v1/live-streams/live/desk', 'admin'],
    ['POST', '/api/v1/live-streams/live/desk/mute', 'publisher'],
    ['POST', `/api/v1/live-streams/${CAMERA}/mute`, 'admin'],
    ['DELETE', '/api/v1/live-streams/live/encoder', 'admin'],
    ['DELETE', `/api/v1/live-streams/${CAMERA}`, 'admin'],
    ['DELETE', '/api/v1/live-streams/live/none', 'admin'],
    ['DELETE', '/api/v1/live-streams/live/desk', 'publisher'],
  ] as const;

  test('who may do what', async () => {
    const guarded = await openApi({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
    fill(guarded);
    const admin = { Authorization: `Bearer ${await guarded.login()}` };
    const tokenFor = async (scope: string): Promise<string> => {
      const response = await guarded.send('POST', '/api/v1/tokens', { scope, stream: 'desk' }, admin);
      return ((await response.json()) as { token: string }).token;
    };
    const [play, publish] = [await tokenFor('play'), await tokenFor('publish')];
    const ask = async (method: string, path: string, token: string): Promise<number> => {
      const body = method === 'POST' ? { audio: true } : undefined;
      const headers = token === '' ? {} : { Authorization: `Bearer ${token}` };
      const response =
        method === 'GET' ? await guarded.get(path, headers) : await guarded.send(method, path, body, headers);
      return response.status;
    };
    for (const [method, path, who] of routes) {
      const statuses = [await ask(method, path, ''), await ask(method, path, play), await ask(method, path, publish)];
      const owner = method === 'DELETE' ? 204 : 404;
      expect([method, path, ...statuses]).toEqual([method, path, 401, 403, who === 'publisher' ? owner : 403]);
    }
    await guarded.close();
  });
});
