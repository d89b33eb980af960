import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  FakeClient,
  openCallFixture,
  type CallFixture,
  type Message,
  type PeerFacts,
} from '../../../test/support/room-server.ts';
import type { CallOptions } from './types.ts';

/** Seed 002 §7.1.1, with the spelling of its example. */
const LOGIN = {
  protocol: 'req',
  cmd: 'login',
  appld: '0123456789',
  ip: '183.24.47.2',
  url: 'http://www.bejson.com/jsoneditoronline/',
  sdkInfo: 'web_rtc_1.0',
  osInfo: 'windows chrome',
  time: '32323223233',
};

let fixture: CallFixture;
afterEach(() => {
  fixture.calls.close();
  vi.useRealTimers();
});

function login(message: object | string, facts: PeerFacts = {}, options: Partial<CallOptions> = {}): Message {
  fixture = openCallFixture(options);
  return new FakeClient(fixture.calls.login, facts).ask(message);
}

test('7.2.1: where the servers are, by the host that the client has used', () => {
  expect(login(LOGIN)).toEqual({
    protocol: 'resp',
    cmd: 'login',
    result: 0,
    desc: 'ok',
    appId: '0123456789',
    ip: '183.24.47.2',
    url: 'http://www.bejson.com/jsoneditoronline/',
    sdkInfo: 'web_rtc_1.0',
    osInfo: 'windows chrome',
    time: '32323223233',
    roomServer: 'ws://rooms.example.org:8890/ws',
    iceServer: '129.204.197.215:3478',
  });
});

test('the same over HTTP POST', async () => {
  fixture = openCallFixture();
  const { login: route } = fixture.calls;
  const caller = new FakeClient(route, { secure: true });
  const { body } = await route.handle(JSON.stringify(LOGIN), caller);
  expect(JSON.parse(body)).toMatchObject({ result: 0, roomServer: 'wss://rooms.example.org:8890/ws' });
  expect(JSON.parse(route.refuse('too much', 'message_too_large').body)).toMatchObject({ cmd: 'login', result: 7 });
});

test.each([
  { name: 'wss', facts: { secure: true }, roomServer: 'wss://rooms.example.org:8890/ws' },
  { name: 'a page behind a proxy', facts: { origin: 'https://x.org' }, roomServer: 'wss://rooms.example.org:8890/ws' },
  { name: 'IPv6', facts: { host: '[::1]:8890' }, roomServer: 'ws://[::1]:8890/ws' },
  { name: 'no host at all', facts: { host: '"><script>' }, roomServer: 'ws://localhost/ws' },
])('roomServer: $name', ({ facts, roomServer }) => {
  expect(login(LOGIN, facts)).toMatchObject({ result: 0, roomServer });
});

describe('apps and their domains', () => {
  const apps = [{ appId: '0123456789', domains: ['example.org', '*.example.net', 'bücher.example'] }];

  test.each([
    { url: 'https://example.org/', result: 0 },
    { url: 'https://www.example.org:8443/a?b#c', result: 0 },
    { url: 'HTTPS://WWW.EXAMPLE.ORG.', result: 0 },
    { url: 'https://a.b.example.net', result: 0 },
    { url: 'https://xn--bcher-kva.example/', result: 0 },
    { url: 'https://badexample.org/', result: 2 },
    { url: 'https://example.org.evil.net/', result: 2 },
    { url: 'https://evil.net/?example.org', result: 2 },
    { url: 'https://example.org@evil.net/', result: 2 },
    { url: 'example.org', result: 2 },
    { url: 'file:///example.org', result: 2 },
    { url: '', result: 2 },
  ])('$url is result $result', ({ url, result }) => {
    const answer = login({ ...LOGIN, url }, {}, { apps });
    expect(answer).toMatchObject({ result });
    expect(answer.roomServer === '').toBe(result !== 0);
    expect(answer.iceServer === '').toBe(result !== 0);
  });

  test('a browser says itself where its page is from', () => {
    const url = 'https://example.org/';
    expect(login({ ...LOGIN, url }, { origin: 'https://evil.net' }, { apps })).toMatchObject({
      result: 2,
      desc: 'appId 0123456789 is not authorised for https://evil.net',
    });
  });

  test('an app that does not exist', () => {
    expect(login({ ...LOGIN, appld: '', appId: '1' }, {}, { apps })).toMatchObject({
      result: 1,
      desc: 'appId 1 does not exist',
    });
  });

  test('an app without domains may be used from everywhere', () => {
    expect(login(LOGIN, {}, { apps: [{ appId: '0123456789', domains: [] }] })).toMatchObject({ result: 0 });
  });
});

describe('a WebSocket', () => {
  test('that asks nothing for 10 s is closed', () => {
    vi.useFakeTimers();
    fixture = openCallFixture();
    const client = new FakeClient(fixture.calls.login);
    vi.advanceTimersByTime(9_999);
    expect(client.closed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(client.closedWith).toEqual({ code: 1000, reason: 'wsForcedClose' });
  });

  test('that has asked may stay', () => {
    vi.useFakeTimers();
    fixture = openCallFixture();
    const client = new FakeClient(fixture.calls.login);
    vi.advanceTimersByTime(9_999);
    expect(client.ask(LOGIN)).toMatchObject({ result: 0 });
    vi.advanceTimersByTime(3_600_000);
    expect(client.closed).toBe(false);
    expect(client.ask(LOGIN)).toMatchObject({ result: 0 });
  });

  test('that has ended leaves no timer behind', () => {
    vi.useFakeTimers();
    fixture = openCallFixture();
    const before = vi.getTimerCount();
    const client = new FakeClient(fixture.calls.login);
    expect(vi.getTimerCount()).toBe(before + 1);
    client.drop();
    expect(vi.getTimerCount()).toBe(before);
  });
});

test.each(['', 'x', '[]', '{}', '{"cmd":"join"}', '{"cmd":"login","appId":{}}', '{"cmd":"login","url":[]}'])(
  'bad input %s is result 3',
  (text) => {
    expect(login(text)).toMatchObject({ protocol: 'resp', cmd: 'login', result: 3, roomServer: '', iceServer: '' });
  },
);
