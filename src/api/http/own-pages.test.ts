import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import type { OpenApiDocument } from '../../../test/support/openapi-check.ts';

/** Needs no body, so that a browser asks nobody before it sends it. */
const PATH = '/api/v1/alarms/acknowledge';

/** The interfaces of other programs, for pages of every host. */
const ELSEWHERE = new Set(['srs', 'srs-sip', 'whip', 'whep']);

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

  test('every operation that refuses pages of other hosts says so in the OpenAPI document', async () => {
    const { paths } = (await (await api.get('/api/v1/openapi.json')).json()) as OpenApiDocument;
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses, tags }]) => ({ path, method, responses, tags })),
    );
    const refused: string[] = [];
    for (const { path, method, responses, tags } of operations) {
      if (tags.some((tag) => ELSEWHERE.has(tag)) || !path.startsWith('/api/v1/')) continue;
      const at = path.replaceAll(/\{\w+\}/g, 'x');
      expect([method, path, '403' in responses]).toEqual([method, path, true]);
      const { status } = await api.send(method.toUpperCase(), at, undefined, { Origin: 'http://evil.example' });
      expect([method, path, status]).toEqual([method, path, 403]);
      refused.push(`${method} ${path}`);
    }
    expect(refused.length).toBeGreaterThan(120);
    expect(refused).toContain('get /api/v1/session');
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
