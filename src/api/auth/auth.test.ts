import { SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ADMIN, type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { fakeChannel, fakeDevice } from '../../../test/support/fake-platform.ts';
import { fakeStream, fakeViewer } from '../../../test/support/fake-streams.ts';
import { LoginLimit } from './login-limit.ts';
import { Tokens } from './tokens.ts';

const KEY = new Uint8Array(32).fill(7);
const AUTH = { enable: true, tokenTtlMs: 3_600_000, playTokenTtlMs: 60_000 };

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi({ auth: AUTH });
});
afterEach(() => api.close());

const session = async (headers: Record<string, string>, query = '') =>
  (await (await api.get(`/api/v1/session${query}`, headers)).json()) as Record<string, unknown>;

describe('login', () => {
  test('gives a token and sets the cookie', async () => {
    const response = await api.send('POST', '/api/v1/login', ADMIN);
    const body = (await response.json()) as { token: string; expiresAt: number; username: string };
    expect(response.status).toBe(200);
    expect(Object.keys(body)).toEqual(['token', 'expiresAt', 'username']);
    expect(body.expiresAt - Date.now()).toBeGreaterThan(3_590_000);
    expect(response.headers.get('set-cookie')).toBe(
      `gbrtc_token=${body.token}; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict`,
    );
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test.each([
    [{ ...ADMIN, password: 'wrong' }, 401, 'login_failed'],
    [{ ...ADMIN, username: 'root' }, 401, 'login_failed'],
    [{ username: 'admin' }, 400, 'invalid_request'],
    [{ ...ADMIN, password: { $ne: '' } }, 400, 'invalid_request'],
    ['{', 400, 'invalid_json'],
  ])('refuses %j', async (body, status, code) => {
    const response = await api.send('POST', '/api/v1/login', body);
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
  });

  test('needs JSON, so that a form of another site cannot log in', async () => {
    const response = await api.send('POST', '/api/v1/login', ADMIN, { 'Content-Type': 'text/plain' });
    expect([response.status, await response.json()]).toMatchObject([
      415,
      { error: { code: 'media_type_unsupported' } },
    ]);
  });

  test('the eleventh failure of a minute waits, also with the right password', async () => {
    for (let i = 0; i < 10; i += 1) {
      expect((await api.send('POST', '/api/v1/login', { ...ADMIN, password: `${i}` })).status).toBe(401);
    }
    const response = await api.send('POST', '/api/v1/login', ADMIN);
    expect([response.status, await response.json()]).toMatchObject([429, { error: { code: 'too_many_logins' } }]);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(50);
  });

  test('behind a trusted proxy each client has its own limit, and the cookie is for HTTPS', async () => {
    await api.close();
    api = await openApi({ auth: AUTH, trustedProxies: ['127.0.0.1'] });
    const from = (client: string): Record<string, string> => ({
      'X-Forwarded-For': `198.51.100.1, ${client}`,
      'X-Forwarded-Proto': 'https',
    });
    for (let i = 0; i < 10; i += 1) {
      await api.send('POST', '/api/v1/login', { ...ADMIN, password: `${i}` }, from('203.0.113.7'));
    }
    expect((await api.send('POST', '/api/v1/login', ADMIN, from('203.0.113.7'))).status).toBe(429);
    const other = await api.send('POST', '/api/v1/login', ADMIN, from('203.0.113.8'));
    expect(other.status).toBe(200);
    expect(other.headers.get('set-cookie')).toMatch(/; Secure$/);
  });

  test('nobody escapes the limit by a header that no trusted proxy has sent', async () => {
    for (let i = 0; i < 10; i += 1) {
      const forged = { 'X-Forwarded-For': `203.0.113.${i}`, 'X-Forwarded-Proto': 'https' };
      await api.send('POST', '/api/v1/login', { ...ADMIN, password: `${i}` }, forged);
    }
    expect((await api.send('POST', '/api/v1/login', ADMIN)).status).toBe(429);
  });

  test('logout takes the cookie back', async () => {
    const response = await api.send('POST', '/api/v1/logout', undefined);
    expect(response.status).toBe(204);
    expect(response.headers.get('set-cookie')).toBe('gbrtc_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict');
  });
});

describe('session', () => {
  const out = {
    authRequired: true,
    authenticated: false,
    version: '1.2.3',
    demo: false,
    rooms: { meeting: '/meeting', call: '/ws' },
  };

  test('without and with a token, in each of the three places', async () => {
    expect(await session({})).toEqual(out);
    const token = await api.login();
    const inside = { ...out, authenticated: true, username: 'admin', scope: 'admin', expiresAt: expect.any(Number) };
    expect(await session({ Authorization: `Bearer ${token}` })).toEqual(inside);
    expect(await session({}, `?token=${token}`)).toEqual(inside);
    expect(await session({ Cookie: `a=b; gbrtc_token=${token}` })).toEqual(inside);
  });

  test('with authentication off', async () => {
    const open = await openApi();
    expect(await (await open.get('/api/v1/session')).json()).toEqual({
      ...out,
      authRequired: false,
      authenticated: true,
    });
    expect((await open.get('/api/v1/devices')).status).toBe(200);
    await open.close();
  });

  test('the cookie does not count for pages of another host', async () => {
    const Cookie = `gbrtc_token=${await api.login()}`;
    expect(await session({ Cookie, Origin: 'http://evil.example' })).toEqual(out);
    expect(await session({ Cookie, Origin: 'null' })).toEqual(out);
    expect(await session({ Cookie, Origin: 'http://127.0.0.1:1985' })).toMatchObject({ authenticated: true });
  });
});

describe('tokens that are none', () => {
  const claims = { scope: 'admin' };
  const sign = (key: Uint8Array, alg = 'HS256', exp: string | number = '1h') =>
    new SignJWT(claims)
      .setProtectedHeader({ alg })
      .setSubject('admin')
      .setIssuer('gbrtc')
      .setExpirationTime(exp)
      .sign(key);

  test.each([
    ['garbage', async () => 'a.b.c'],
    ['empty', async () => ''],
    ['very long', async () => 'x'.repeat(8000)],
    ['another key', () => sign(new Uint8Array(32).fill(8))],
    ['another algorithm', () => sign(new Uint8Array(64).fill(7), 'HS512')],
    ['expired', () => sign(KEY, 'HS256', 1_000_000)],
    [
      'unsigned',
      async () => new UnsecuredJWT(claims).setSubject('admin').setIssuer('gbrtc').setExpirationTime('1h').encode(),
    ],
    [
      'no issuer',
      () =>
        new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setSubject('admin').setExpirationTime('1h').sign(KEY),
    ],
    [
      'no expiry',
      () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setSubject('admin').setIssuer('gbrtc').sign(KEY),
    ],
  ])('%s', async (_name, make) => {
    const response = await api.get('/api/v1/devices', { Authorization: `Bearer ${await make()}` });
    expect([response.status, await response.json()]).toMatchObject([401, { error: { code: 'unauthorized' } }]);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="gbrtc"');
  });

  test('a right one for comparison', async () => {
    expect((await api.get('/api/v1/devices', { Authorization: `Bearer ${await sign(KEY)}` })).status).toBe(200);
  });
});

describe('what a play token opens', () => {
  const tokens = new Tokens(KEY);
  const NAME = fakeStream().name;

  test('its stream, first-frame of its viewers, nothing else', async () => {
    api.platform.addDevice(fakeDevice(), [fakeChannel()]);
    api.streams.addStream(fakeStream({ viewers: [fakeViewer()] }));
    const { token } = await tokens.signPlay(NAME, 60_000);
    const { token: other } = await tokens.signPlay('live/other', 60_000);
    const whep = (name: string, with_: string) =>
      api.send('POST', `/rtc/v1/whep/?stream=${name}&token=${with_}`, 'v=0\r\n', { 'Content-Type': 'application/sdp' });
    expect((await whep(NAME, token)).status).toBe(201);
    expect((await whep(NAME, other)).status).toBe(403);
    expect((await whep('live/0200000001', token)).status).toBe(201);
    const first = (with_: string) => api.send('POST', `/api/v1/viewers/v1/first-frame?token=${with_}`, { afterMs: 1 });
    expect((await first(token)).status).toBe(204);
    expect((await first(other)).status).toBe(403);
    expect((await first('')).status).toBe(401);
    for (const path of [
      '/api/v1/devices',
      '/api/v1/settings',
      '/api/v1/connect-info',
      '/api/v1/streams',
      '/api/v1/events',
    ]) {
      expect((await api.get(`${path}?token=${token}`)).status).toBe(403);
    }
  });
});

test('everything but the listed paths needs a token', async () => {
  const document = (await (await api.get('/api/v1/openapi.json')).json()) as {
    paths: Record<string, Record<string, { security?: unknown[] }>>;
  };
  const open: string[] = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of Object.keys(methods)) {
      const response = await api.send(
        method.toUpperCase(),
        path.replace(/\{\w+\}/g, 'x'),
        method === 'get' ? undefined : '{}',
      );
      await response.text();
      const isOpen = response.status !== 401;
      if (isOpen) open.push(`${method} ${path}`);
      // Both sides of the document: what it calls open is, and the other way round.
      expect([path, method, methods[method]?.security?.length === 0 || isOpen]).toEqual([path, method, isOpen]);
    }
  }
  expect(open.sort()).toEqual([
    'delete /rtc/v1/whep/',
    'delete /rtc/v1/whip-play/',
    'delete /rtc/v1/whip/',
    'get /api/v1/openapi.json',
    'get /api/v1/session',
    'get /api/v1/versions',
    'get /healthz',
    'get /metrics',
    'get /srs-sip',
    'patch /rtc/v1/whep/',
    'patch /rtc/v1/whip-play/',
    'patch /rtc/v1/whip/',
    'post /api/v1/login',
    'post /api/v1/logout',
    // Their path holds the secret of one order; snapshots' own tests show that nothing else is let in.
    'post /api/v1/snapshot-uploads/{sessionId}/{secret}',
    'post /api/v1/snapshot-uploads/{sessionId}/{secret}/{fileName}',
    'post /rtc/v1/play/',
    'post /rtc/v1/publish/',
    'post /rtc/v1/whep/',
    'post /rtc/v1/whip-play/',
    'post /rtc/v1/whip/',
    'put /api/v1/snapshot-uploads/{sessionId}/{secret}',
    'put /api/v1/snapshot-uploads/{sessionId}/{secret}/{fileName}',
  ]);
});

describe('LoginLimit', () => {
  test('counts by source and forgets after a minute', async () => {
    let now = 0;
    const limit = new LoginLimit(2, () => now);
    const fail = () => limit.attempt('a', async () => false);
    await fail();
    expect(limit.retryAfterSec('a')).toBe(0);
    await fail();
    expect([limit.retryAfterSec('a'), limit.retryAfterSec('b')]).toEqual([60, 0]);
    now = 59_001;
    expect(limit.retryAfterSec('a')).toBe(1);
    now = 60_000;
    expect(limit.retryAfterSec('a')).toBe(0);
  });

  test('all addresses of an IPv6 network are one source', async () => {
    const limit = new LoginLimit(2, () => 0);
    await limit.attempt('2001:db8:1:2::1', async () => false);
    await limit.attempt('2001:db8:1:2:ffff::2', async () => false);
    expect(limit.retryAfterSec('2001:db8:1:2::3')).toBe(60);
    expect(limit.retryAfterSec('2001:db8:1:3::1')).toBe(0);
    await limit.attempt('2001:db8:1:2::4', async () => true);
    expect(limit.retryAfterSec('2001:db8:1:2::1')).toBe(0);
  });

  test('a success clears the count', async () => {
    const limit = new LoginLimit(2, () => 0);
    await limit.attempt('a', async () => false);
    await limit.attempt('a', async () => true);
    await limit.attempt('a', async () => false);
    expect(limit.retryAfterSec('a')).toBe(0);
  });

  test('parallel tries count before they end, and not more than four run', async () => {
    const limit = new LoginLimit(100, () => 0);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const tries = Array.from({ length: 4 }, (_, i) => limit.attempt(`s${i}`, () => promise));
    expect(limit.retryAfterSec('new')).toBe(1);
    resolve(false);
    await Promise.all(tries);
    expect(limit.retryAfterSec('new')).toBe(0);
  });

  test('memory is bounded', async () => {
    const limit = new LoginLimit(1, () => 0);
    const deny = vi.fn(async () => false);
    for (let i = 0; i < 10_050; i += 1) await limit.attempt(`s${i}`, deny);
    expect(limit.retryAfterSec('s0')).toBe(0);
    expect(limit.retryAfterSec('s10049')).toBe(60);
  });
});
