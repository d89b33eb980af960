import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';

/** Needs no body, so that a browser asks nobody before it sends it. */
const PATH = '/api/v1/alarms/acknowledge';

describe('without authentication', () => {
  let api: ApiFixture;
  beforeAll(async () => {
    api = await openApi();
  });
  afterAll(() => api.close());

  test.each<[name: string, status: number, headers: Record<string, string>]>([
    ['no page', 200, {}],
    ['a page of another host', 403, { Origin: 'http://evil.example' }],
    ['a page without an origin', 403, { Origin: 'null' }],
    ['our own page', 200, { Origin: 'http://127.0.0.1:8025' }],
    [
      'our own page behind a proxy that tells its name',
      200,
      { Origin: 'https://a.example', 'X-Forwarded-Host': 'a.example' },
    ],
    [
      'our own page behind a proxy, as its browser says',
      200,
      { Origin: 'https://a.example', 'Sec-Fetch-Site': 'same-origin' },
    ],
    ['another page, as its browser says', 403, { Origin: 'https://a.example', 'Sec-Fetch-Site': 'same-site' }],
  ])('%s: %i', async (_name, status, headers) => {
    const response = await api.send('POST', PATH, undefined, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  test("srs-sip and the players' interfaces are for pages of every host, as in the originals", async () => {
    const response = await api.get('/srs-sip/v1/devices', { Origin: 'http://portal.example' });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  });
});

test('with authentication the token decides, whatever the page', async () => {
  const api = await openApi({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
  const headers = { Authorization: `Bearer ${await api.login()}`, Origin: 'http://portal.example' };
  expect((await api.send('POST', PATH, undefined, headers)).status).toBe(200);
  await api.close();
});
