import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { FakeError } from '../../../test/support/fake-platform.ts';
import { FAKE_ANSWER } from '../../../test/support/fake-streams.ts';
import { Tokens } from '../auth/tokens.ts';

const OFFER = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:clientfrag\r\n';
const SDP = { 'Content-Type': 'application/sdp' };

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi();
});
afterEach(() => api.close());

describe('WHIP', () => {
  test.each(['/rtc/v1/whip/?app=live&stream=desk', '/rtc/v1/whip?stream=desk', '/rtc/v1/whip/?stream=live%2Fdesk'])(
    '%s publishes, trickles, leaves',
    async (path) => {
      const response = await api.send('POST', path, OFFER, SDP);
      expect(response.status).toBe(201);
      expect(await response.text()).toBe(FAKE_ANSWER);
      const location = response.headers.get('location') ?? '';
      expect(location).toBe('/rtc/v1/whip/?app=live&stream=desk&session=pub1');
      expect(response.headers.get('etag')).toBe('"pub1"');
      expect(api.streams.find('live/desk')).toMatchObject({ source: 'publication', publisher: { id: 'pub1' } });
      const type = { 'Content-Type': 'application/trickle-ice-sdpfrag' };
      expect((await api.send('PATCH', location, 'a=end-of-candidates\r\n', type)).status).toBe(204);
      expect((await api.send('DELETE', location, undefined)).status).toBe(200);
      expect(api.streams.find('live/desk')).toBeUndefined();
      const gone = await api.send('DELETE', location, undefined);
      expect([gone.status, await gone.json()]).toMatchObject([404, { error: { code: 'publication_unknown' } }]);
    },
  );

  test('max_bitrate is passed on, or refused with its name', async () => {
    await api.send('POST', '/rtc/v1/whip/?stream=desk&max_bitrate=1000000', OFFER, SDP);
    expect(api.streams.calls[0]).toMatchObject(['publish', 'live/desk', { maxBitrateBps: 1_000_000 }]);
    const refused = await api.send('POST', '/rtc/v1/whip/?stream=desk&max_bitrate=fast', OFFER, SDP);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('max_bitrate')]);
  });

  test.each([
    ['/rtc/v1/whip/', OFFER, 'application/sdp', [400, 'invalid_request']],
    ['/rtc/v1/whip/?stream=desk', 'no sdp', 'application/sdp', [400, 'invalid_request']],
    ['/rtc/v1/whip/?stream=desk', OFFER, 'application/json', [415, 'media_type_unsupported']],
  ])('%s is refused', async (path, body, type, [status, code]) => {
    const response = await api.send('POST', path, body, { 'Content-Type': type });
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
  });

  test('a taken name is 409', async () => {
    api.streams.failure = new FakeError('stream_taken', 'live/desk is published already');
    const response = await api.send('POST', '/rtc/v1/whip/?stream=desk', OFFER, SDP);
    expect([response.status, await response.json()]).toMatchObject([409, { error: { code: 'stream_taken' } }]);
  });
});

test('POST /rtc/v1/publish/ answers as SRS', async () => {
  const body = { api: 'x', streamurl: 'webrtc://h/live/desk', clientip: null, sdp: OFFER };
  const reply = (await (await api.send('POST', '/rtc/v1/publish/', body)).json()) as Record<string, unknown>;
  expect(reply).toMatchObject({ code: 0, sdp: FAKE_ANSWER, sessionid: 'serverfrag:clientfrag', publication: 'pub1' });
  const refused = await api.send('POST', '/rtc/v1/publish/', { streamurl: 'x' });
  expect([refused.status, await refused.json()]).toMatchObject([200, { code: 400 }]);
});

test("SRS's client list shows the publisher and can kick it", async () => {
  await api.send('POST', '/rtc/v1/whip/?stream=desk', OFFER, SDP);
  const list = (await (await api.get('/api/v1/clients/')).json()) as { clients: unknown[] };
  expect(list.clients).toMatchObject([{ id: 'pub1', publish: true, type: 'rtc-publish', name: 'desk' }]);
  expect((await api.send('DELETE', '/api/v1/clients/pub1', undefined)).status).toBe(200);
  expect(api.streams.list()).toEqual([]);
});

test('a publish token publishes its stream and does nothing else', async () => {
  await api.close();
  api = await openApi({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
  const admin = { Authorization: `Bearer ${await api.login()}` };
  const given = await api.send('POST', '/api/v1/tokens', { scope: 'publish', stream: 'desk' }, admin);
  expect(given.status).toBe(201);
  const { token, scope } = (await given.json()) as { token: string; scope: string };
  expect(scope).toBe('publish:live/desk');
  const { token: play } = await new Tokens(new Uint8Array(32).fill(7)).signPlay('live/desk', 60_000);
  const whip = async (stream: string, with_: string): Promise<number> =>
    (await api.send('POST', `/rtc/v1/whip/?stream=${stream}&token=${with_}`, OFFER, SDP)).status;
  expect([
    await whip('desk', token),
    await whip('other', token),
    await whip('desk', play),
    await whip('desk', ''),
  ]).toEqual([201, 403, 403, 401]);
  const whep = await api.send('POST', `/rtc/v1/whep/?stream=desk&token=${token}`, OFFER, SDP);
  expect(whep.status).toBe(403);
});
