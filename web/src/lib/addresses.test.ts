import { expect, test } from 'vitest';
import { mediaPorts, streamAddresses } from './addresses.ts';

const page = { origin: 'http://gw:8025', hostname: 'gw' };
const settings = {
  rtsp: { port: 8554, auth: { enable: true } },
  pms: { port: 8889, sslPort: 0, ssl: false, location: '/', republish: 'take-over' },
};
const urls = (given: Record<string, unknown>, { secure = false, token = '', stream = 'live/desk' } = {}) =>
  streamAddresses(stream, page, mediaPorts(given, secure), token === '' ? undefined : token).map(({ url }) => url);
const whep = 'http://gw:8025/rtc/v1/whep/?app=live&stream=desk';

test.each([
  { name: 'all', given: settings, is: [whep, 'rtsp://gw:8554/live/desk', 'ws://gw:8889/'] },
  { name: 'nothing known', given: {}, is: [whep] },
  { name: 'all off', given: { rtsp: { port: 0 }, pms: { port: 0, sslPort: 0 } }, is: [whep] },
  { name: 'nonsense', given: { rtsp: 'yes', pms: { port: 'x', sslPort: 70_000 } }, is: [whep] },
  {
    name: 'pms by TLS only',
    given: { pms: { port: 0, sslPort: 8890, location: '/s' } },
    is: [whep, 'wss://gw:8890/s'],
  },
  { name: 'pms.ssl', given: { pms: { port: 8889, ssl: true } }, is: [whep, 'wss://gw:8889/'] },
])('$name', ({ given, is }) => expect(urls(given)).toEqual(is));

test('a page by HTTPS prefers wss', () => {
  expect(urls({ pms: { port: 8889, sslPort: 8890 } }, { secure: true })[1]).toBe('wss://gw:8890/');
});

test('a token, and names that need encoding', () => {
  expect(urls(settings, { token: 'abc.d', stream: '会议/大屏' })).toEqual([
    'http://gw:8025/rtc/v1/whep/?app=%E4%BC%9A%E8%AE%AE&stream=%E5%A4%A7%E5%B1%8F&token=abc.d',
    'rtsp://gw:8554/%E4%BC%9A%E8%AE%AE/%E5%A4%A7%E5%B1%8F?token=abc.d',
    'ws://gw:8889/?token=abc.d',
  ]);
});

test('rules that the pages need', () => {
  expect(mediaPorts(settings)).toMatchObject({ rtspAuth: true, refusesRepublish: false });
  expect(mediaPorts({ pms: { republish: 'refuse' } })).toMatchObject({ rtspAuth: false, refusesRepublish: true });
});
