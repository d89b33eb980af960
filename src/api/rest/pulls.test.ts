import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openApi, type ApiFixture } from '../../../test/support/api-fixture.ts';
import { fakeStream } from '../../../test/support/fake-streams.ts';
import { pullSchema } from '../schemas/pull.ts';

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi();
});
afterEach(() => api.close());

const CAMERA = { name: 'gate', url: 'rtsp://admin:s3cret@192.0.2.7/Streaming/Channels/101' };
const post = (body: unknown): Promise<Response> => api.send('POST', '/api/v1/pulls', body);
const remove = (name: string): Promise<Response> => api.send('DELETE', `/api/v1/pulls/${name}`, undefined);

test('added, listed without its password, found, removed', async () => {
  const response = await post(CAMERA);
  const added: unknown = await response.json();
  expect([response.status, added]).toMatchObject([
    201,
    {
      name: 'live/gate',
      url: 'rtsp://192.0.2.7/Streaming/Channels/101',
      username: 'admin',
      hasPassword: true,
      transport: 'auto',
      onDemand: true,
      state: 'idle',
      omitted: [],
    },
  ]);
  expect(pullSchema.strict().safeParse(added).error).toBeUndefined();
  expect((await post({ ...CAMERA, name: 'yard/back', transport: 'udp' })).status).toBe(201);
  const list = await (await api.get('/api/v1/pulls')).text();
  expect(JSON.parse(list)).toMatchObject({ total: 2, items: [{ name: 'live/gate' }, { name: 'yard/back' }] });
  expect(list).not.toContain('s3cret');
  expect(await (await api.get('/api/v1/pulls?search=BACK%20192')).json()).toMatchObject({ total: 1 });
  for (const name of ['gate', 'live%2Fgate', 'yard%2Fback']) {
    const one = await (await api.get(`/api/v1/pulls/${name}`)).text();
    expect(one).toContain('192.0.2.7');
    expect(one).not.toContain('s3cret');
  }
  expect([(await remove('gate')).status, (await remove('gate')).status]).toEqual([204, 404]);
  expect((await remove('yard%2Fback')).status).toBe(204);
  expect(await (await api.get('/api/v1/pulls')).json()).toMatchObject({ items: [], total: 0 });
});

describe('refused', () => {
  const cases: { name: string; body: unknown; status: number; code: string }[] = [
    { name: 'no name', body: { url: CAMERA.url }, status: 400, code: 'invalid_request' },
    { name: 'another key', body: { ...CAMERA, colour: 1 }, status: 400, code: 'invalid_request' },
    { name: 'another transport', body: { ...CAMERA, transport: 'multicast' }, status: 400, code: 'invalid_request' },
    {
      name: 'a name with a slash too many',
      body: { ...CAMERA, name: 'a/b/c' },
      status: 400,
      code: 'stream_name_invalid',
    },
    { name: 'a path in the name', body: { ...CAMERA, name: '..' }, status: 400, code: 'stream_name_invalid' },
    { name: 'HTTP', body: { ...CAMERA, url: 'http://192.0.2.7/' }, status: 400, code: 'pull_invalid' },
    { name: 'RTSP over TLS', body: { ...CAMERA, url: 'rtsps://192.0.2.7/' }, status: 400, code: 'pull_invalid' },
    { name: 'a file', body: { ...CAMERA, url: 'file:///etc/passwd' }, status: 400, code: 'pull_invalid' },
    { name: 'port 0', body: { ...CAMERA, url: 'rtsp://192.0.2.7:0/' }, status: 400, code: 'pull_invalid' },
    { name: 'a running stream', body: { ...CAMERA, name: fakeStream().name }, status: 409, code: 'stream_taken' },
  ];
  test.each(cases)('$name', async ({ body, status, code }) => {
    api.streams.addStream(fakeStream());
    const response = await post(body);
    const text = await response.text();
    expect([response.status, JSON.parse(text)]).toMatchObject([status, { error: { code } }]);
    expect(text).not.toContain('s3cret');
  });

  test('a name twice', async () => {
    await post(CAMERA);
    const response = await post({ ...CAMERA, name: 'live/gate' });
    expect([response.status, await response.json()]).toMatchObject([409, { error: { code: 'pull_exists' } }]);
  });
});

test.each([
  ['GET', ''],
  ['POST', ''],
  ['GET', '/gate'],
  ['DELETE', '/gate'],
])('%s /api/v1/pulls%s is for administrators', async (method, path) => {
  const guarded = await openApi({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
  const login = await guarded.login();
  const body = method === 'POST' ? CAMERA : undefined;
  const play = await guarded.send(
    'POST',
    '/api/v1/tokens',
    { scope: 'play', stream: 'gate' },
    { Authorization: `Bearer ${login}` },
  );
  const { token } = (await play.json()) as { token: string };
  for (const [headers, status] of [
    [{}, 401],
    [{ Authorization: `Bearer ${token}` }, 403],
  ] as const) {
    expect((await guarded.send(method, `/api/v1/pulls${path}`, body, headers)).status).toBe(status);
  }
  await guarded.close();
});
