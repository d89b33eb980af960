import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openApi, type ApiFixture } from '../../../test/support/api-fixture.ts';
import { fakeStream } from '../../../test/support/fake-streams.ts';

const OFFER = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n';
const CAMERA = '34020000001320000001_34020000001310000001';

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi();
  api.streams.addStream(fakeStream());
});
afterEach(() => api.close());

const sdp = (url: string) =>
  fetch(`${api.base}${url}`, { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: OFFER });
const json = (path: string, query: string, streamurl: string) =>
  api.send('POST', `${path}?${query}`, { streamurl, sdp: OFFER });

const ways = [
  { name: 'WHEP', ask: (query: string) => sdp(`/rtc/v1/whep/?app=live&stream=${CAMERA}&${query}`) },
  { name: 'WHIP', ask: (query: string) => sdp(`/rtc/v1/whip/?app=live&stream=desk&${query}`) },
  { name: 'play', ask: (query: string) => json('/rtc/v1/play/', query, `webrtc://h/live/${CAMERA}`) },
  { name: 'publish', ask: (query: string) => json('/rtc/v1/publish/', query, 'webrtc://h/live/desk') },
];

describe.each(ways)('$name', ({ ask }) => {
  test.each([
    ['candidate=203.0.113.7', '203.0.113.7'],
    ['eip=2001:db8::7', '2001:db8::7'],
    ['eip=gate.example.org&candidate=203.0.113.7', 'gate.example.org'],
  ])('?%s names an address of ours', async (query, candidate) => {
    await ask(query);
    expect(api.streams.calls.at(-1)?.[2]).toMatchObject({ candidate });
  });

  test.each(['candidate=', 'eip='])('?%s is as without', async (query) => {
    await ask(query);
    expect(api.streams.calls.at(-1)?.[2]).not.toHaveProperty('candidate');
  });

  test.each(['candidate=203.0.113.7:8000', 'eip=a%0d%0aa=x', `candidate=${'a'.repeat(254)}`])(
    '?%s is refused before the camera is asked',
    async (query) => {
      expect(await (await ask(query)).text()).toContain(`query.${query.slice(0, query.indexOf('='))}: expected`);
      expect(api.streams.calls).toEqual([]);
    },
  );
});

test('a player may promise to report its first frame', async () => {
  await sdp(`/rtc/v1/whep/?app=live&stream=${CAMERA}&reports=first-frame`);
  expect(api.streams.calls.at(-1)?.[2]).toMatchObject({ reportsFirstFrame: true });
  await sdp(`/rtc/v1/whep/?app=live&stream=${CAMERA}&reports=nothing`);
  expect(api.streams.calls.at(-1)?.[2]).not.toHaveProperty('reportsFirstFrame');
});
