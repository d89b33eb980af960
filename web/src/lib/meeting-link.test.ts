import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { admitsOthers, deviceId, meetingLink, meetingTarget, newEndpoint, tokenEndpoint } from './meeting-link.ts';

test.each([
  { query: {}, target: { app: 'meet', room: '', name: '', token: '' } },
  {
    query: { app: 'a', room: 'daily', name: 'Ann', token: 'T' },
    target: { app: 'a', room: 'daily', name: 'Ann', token: 'T' },
  },
  {
    query: { room: ['x', 'y'], name: 'A\u0000nn', token: null },
    target: { app: 'meet', room: '', name: 'Ann', token: '' },
  },
  {
    query: { room: 'r'.repeat(500), name: 'n'.repeat(500) },
    target: { app: 'meet', room: 'r'.repeat(64), name: 'n'.repeat(40), token: '' },
  },
])('meetingTarget $query', ({ query, target }) => expect(meetingTarget(query)).toEqual(target));

test.each([
  { app: 'meet', room: 'daily', token: '', link: 'https://h/meet?room=daily' },
  { app: 'a b', room: '早会', token: 'T', link: 'https://h/meet?app=a+b&room=%E6%97%A9%E4%BC%9A&token=T' },
])('meetingLink of $room is read back', ({ app, room, token, link }) => {
  expect(meetingLink('https://h', { app, room, token })).toBe(link);
  expect(meetingTarget(Object.fromEntries(new URL(link).searchParams))).toEqual({ app, room, token, name: '' });
});

test.each([
  { name: 'Ann Lee', endpoint: /^AnnLee-[a-z0-9]{6}$/ },
  { name: 'Zoë', endpoint: /^Zoe-[a-z0-9]{6}$/ },
  { name: '王小明', endpoint: /^guest-[a-z0-9]{6}$/ },
  { name: '../../x?y', endpoint: /^xy-[a-z0-9]{6}$/ },
  { name: 'x'.repeat(200), endpoint: /^x{20}-[a-z0-9]{6}$/ },
])('newEndpoint of $name', ({ name, endpoint }) => {
  expect(newEndpoint(name)).toMatch(endpoint);
  expect(newEndpoint(name)).not.toBe(newEndpoint(name));
});

describe('deviceId', () => {
  const stored = new Map<string, string>();
  beforeEach(() => {
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  test('is made once', () => {
    const id = deviceId();
    expect(id).toMatch(/^web-[a-z0-9]{12}$/);
    expect(deviceId()).toBe(id);
  });
  test('what does not fit is replaced', () => {
    stored.set('gbrtc.device', '{"id":"x y"}');
    expect(deviceId()).toMatch(/^web-/);
  });
});

test.each([
  { claims: { endpoint: 'ann' }, endpoint: 'ann' },
  { claims: { endpoint: '王小明' }, endpoint: '王小明' },
  { claims: { endpoint: '*' }, endpoint: undefined },
  { claims: { scope: 'admin' }, endpoint: undefined },
  { claims: null, endpoint: undefined },
])('a token with $claims', ({ claims, endpoint }) => {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  expect(tokenEndpoint(`h.${payload}.s`)).toBe(endpoint);
  expect(admitsOthers(`h.${payload}.s`)).toBe(endpoint === undefined);
});

test.each(['', 'x', 'a.b.c', 'a.%%%.c'])('no token: %j', (token) => expect(tokenEndpoint(token)).toBeUndefined());
