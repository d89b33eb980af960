import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { FakeStreams } from '../../../test/support/fake-streams.ts';
import { openMeetings } from '../../../test/support/meetings-fixture.ts';
import { createRoomRights, createStreamRights } from '../index.ts';
import { Tokens } from './tokens.ts';

const KEY = new Uint8Array(32).fill(7);
const AUTH = { enable: true, tokenTtlMs: 3_600_000, playTokenTtlMs: 60_000 };
const tokens = new Tokens(KEY);
const rights = createRoomRights(KEY, true);
const room = { app: 'app1', room: 'r 1', user: 'alice', rights: ['join', 'record'] as const };

describe('room rights', () => {
  test('a room token says what it was made for', async () => {
    const { token, expiresAt } = await tokens.signRoom(room, 60_000);
    expect(await rights.verify(token)).toEqual({ kind: 'room', ...room, expiresAt });
  });

  test('a token of the administrator is all rights everywhere', async () => {
    const { token, expiresAt } = await tokens.signAdmin('admin', 60_000);
    expect(await rights.verify(token)).toEqual({ app: '*', room: '*', user: '*', rights: ['admin'], expiresAt });
  });

  const signed = (claims: Record<string, unknown>, key = KEY) =>
    new SignJWT({ scope: 'room', app: 'a', channel: 'c', endpoint: 'e', rights: ['join'], ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('e')
      .setIssuer('gbrtc')
      .setExpirationTime('1h')
      .sign(key);

  test.each([
    ['no token', async () => undefined, 'missing'],
    ['an empty one', async () => '', 'missing'],
    ['garbage', async () => 'a.b.c', 'invalid'],
    ['a very long one', async () => 'x'.repeat(8000), 'invalid'],
    ['another key', () => signed({}, new Uint8Array(32).fill(8)), 'invalid'],
    ['rights that are no list', () => signed({ rights: 'join' }), 'invalid'],
    ['an app that is no text', () => signed({ app: 5 }), 'invalid'],
    ['a play token', async () => (await tokens.signPlay('live/a', 60_000)).token, 'invalid'],
    ['a member token', () => rights.signMember('m1'), 'invalid'],
    [
      'an old one',
      () =>
        new SignJWT({ scope: 'room', app: 'a', channel: 'c', endpoint: 'e', rights: [] })
          .setProtectedHeader({ alg: 'HS256' })
          .setSubject('e')
          .setIssuer('gbrtc')
          .setExpirationTime(1_000_000)
          .sign(KEY),
      'expired',
    ],
  ])('%s', async (_name, make, problem) => {
    expect(await rights.verify(await make())).toBe(problem);
  });

  test('a right that nobody knows is none, also not `admin`', async () => {
    expect(await rights.verify(await signed({ rights: ['admin', 'fly', 'join'] }))).toMatchObject({ rights: ['join'] });
  });
});

describe('a member token', () => {
  const asked: unknown[][] = [];
  const members = {
    mayUse: (...args: [string, 'play' | 'publish', string]) => {
      asked.push(args);
      return args.join(' ') === 'm1 play live/a' || args.join(' ') === 'm1 publish live/b';
    },
  };
  let api: ApiFixture;
  beforeEach(async () => {
    asked.length = 0;
    api = await openApi({ auth: AUTH }, { rooms: Object.assign(openMeetings(new FakeStreams()), members) });
  });
  afterEach(() => api.close());

  test('allows what the rooms say, and only that', async () => {
    const token = await rights.signMember('m1');
    const streams = createStreamRights(KEY, true, members);
    expect(await streams.check(token, 'play', 'live/a')).toBe('ok');
    expect(await streams.check(token, 'publish', 'live/a')).toBe('other');
    expect(await streams.check(token, 'publish', 'live/b')).toBe('ok');
    expect(await streams.check(await rights.signMember('m2'), 'play', 'live/a')).toBe('other');
    expect(await createStreamRights(KEY, true).check(token, 'play', 'live/a')).toBe('other');
    expect(await Promise.all([token, 'x', undefined].map((given) => streams.memberOf(given)))).toEqual([
      'm1',
      undefined,
      undefined,
    ]);
    expect(asked).toContainEqual(['m2', 'play', 'live/a']);
  });

  test('the same for WHEP and WHIP; nothing else of the API', async () => {
    const token = await rights.signMember('m1');
    const post = async (path: string, name: string) =>
      (
        await api.send('POST', `/rtc/v1/${path}/?app=live&stream=${name}&token=${token}`, 'v=0\r\n', {
          'Content-Type': 'application/sdp',
        })
      ).status;
    await api.streams.publish('a', { offer: '', remoteAddress: '', userAgent: '' });
    expect(await post('whep', 'a')).toBe(201);
    expect(await post('whep', 'b')).toBe(403);
    expect(await post('whip', 'b')).toBe(201);
    expect(api.streams.ownerOf('live/b')).toBe('m1');
    expect(await post('whip', 'c')).toBe(403);
    const whip = { 'Content-Type': 'application/sdp' };
    const url = '/rtc/v1/whip/?app=live&stream=x';
    expect((await api.send('POST', `${url}&token=${await rights.signMember('m2')}`, 'v=0\r\n', whip)).status).toBe(403);
    for (const path of ['devices', 'tokens?scope=play&stream=a', 'live-streams', 'recordings']) {
      const response = await api.get(`/api/v1/${path}`, { Authorization: `Bearer ${token}` });
      expect([path, response.status]).toEqual([path, 403]);
    }
  });
});

describe('tokens of rooms by REST', () => {
  let api: ApiFixture;
  let admin: Record<string, string>;
  beforeEach(async () => {
    api = await openApi({ auth: AUTH });
    admin = { Authorization: `Bearer ${await api.login()}` };
  });
  afterEach(() => api.close());

  const claims = { app: 'app1', room: 'r 1', user: 'alice', rights: ['join', 'record'] };

  test('POST', async () => {
    const body = { scope: 'room', ...claims, lifetimeSec: 3600 };
    const response = await api.send('POST', '/api/v1/tokens', body, admin);
    const issued = (await response.json()) as { token: string; expiresAt: number; scope: string };
    expect([response.status, issued.scope]).toEqual([201, 'room:app1/r 1']);
    expect(issued.expiresAt - Date.now()).toBeGreaterThan(3_590_000);
    expect(await rights.verify(issued.token)).toMatchObject(claims);
  });

  test('GET', async () => {
    const query = 'scope=room&app=app1&room=r%201&user=alice&rights=join,record&lifetimeSec=60';
    const response = await api.get(`/api/v1/tokens?${query}`, admin);
    const { token } = (await response.json()) as { token: string };
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await rights.verify(token)).toMatchObject(claims);
    const play = await api.get('/api/v1/tokens?scope=play&stream=desk', admin);
    expect(await play.json()).toMatchObject({ scope: 'play:live/desk' });
  });

  test('without user and rights: any user may join, publish and broadcast', async () => {
    const response = await api.send('POST', '/api/v1/tokens', { scope: 'room', app: 'a', room: '*' }, admin);
    const { token } = (await response.json()) as { token: string };
    expect(await rights.verify(token)).toMatchObject({
      app: 'a',
      room: '*',
      user: '*',
      rights: ['join', 'publish', 'broadcast'],
    });
  });

  test.each([
    [{ scope: 'room', app: 'a' }, 'body.room'],
    [{ scope: 'room', app: 'a\u0000', room: 'r' }, 'body.app'],
    [{ scope: 'room', app: 'a', room: 'r', rights: ['admin'] }, 'body.rights.0'],
    [{ scope: 'room', app: 'a', room: 'r', rights: [] }, 'body.rights'],
    [{ scope: 'room', app: 'a', room: 'r', stream: 's' }, 'stream'],
    [{ scope: 'play', app: 'a' }, 'body.stream'],
    [{ scope: 'fly', stream: 'a' }, 'body.scope'],
  ])('refuses %j', async (body, field) => {
    const response = await api.send('POST', '/api/v1/tokens', body, admin);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect([response.status, error.code]).toEqual([400, 'invalid_request']);
    expect(error.message).toContain(field);
  });

  test('only for the administrator', async () => {
    const { token } = await tokens.signRoom(room, 60_000);
    const headers = { Authorization: `Bearer ${token}` };
    const query = '/api/v1/tokens?scope=room&app=a&room=r';
    expect((await api.get(query)).status).toBe(401);
    expect((await api.get(query, headers)).status).toBe(403);
    expect((await api.send('POST', '/api/v1/tokens', { scope: 'room', app: 'a', room: 'r' }, headers)).status).toBe(
      403,
    );
    expect(await (await api.get('/api/v1/session', headers)).json()).toMatchObject({ scope: 'room:app1/r 1' });
  });
});
