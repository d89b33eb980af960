import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { apiCallStatistics, FakeCallHistory, talkSession } from '../../../test/support/call-records.ts';
import { FakeError } from '../../../test/support/fake-platform.ts';
import { callStatisticsSchema } from '../schemas/call-statistics.ts';

const PATH = '/api/v1/call-statistics';
const BEGIN = Date.parse('2026-11-21T09:00:00Z');
let history: FakeCallHistory;
let api: ApiFixture;
beforeEach(async () => {
  history = new FakeCallHistory();
  history.allSessions = [
    talkSession({ sessionId: 'a', userName: '=<b>x</b>', joinedAt: BEGIN, leftAt: BEGIN + 60_000 }),
    talkSession({ sessionId: 'b', joinedAt: BEGIN + 86_400_000, leftAt: BEGIN + 86_460_000 }),
  ];
  api = await openApi({}, { callStatistics: apiCallStatistics(history) });
});
afterEach(() => api.close());

test.each([
  ['?date=2026-11-21', 1, '2026-11-21', '2026-11-21'],
  ['?from=2026-11-21&to=2026-11-22', 2, '2026-11-21', '2026-11-22'],
  ['?from=2026-11-22', 1, '2026-11-22', '2026-11-22'],
  ['?date=2026-11-20', 0, '2026-11-20', '2026-11-20'],
])('%s', async (query, total, from, to) => {
  const response = await api.get(PATH + query);
  const body: unknown = await response.json();
  expect([response.status, body]).toMatchObject([200, { from, to, timeZone: 'UTC', sessions: { total } }]);
  // Parsing drops what the schema does not name, so equality shows both missing and unknown members.
  expect(callStatisticsSchema.parse(body)).toEqual(body);
});

test('today, where no day is named', async () => {
  const body = (await (await api.get(PATH)).json()) as { from: string; generatedAt: number };
  expect(body.from).toBe(new Date(body.generatedAt).toISOString().slice(0, 10));
});

test.each([
  ['html', 'text/html; charset=utf-8', '<h1 '],
  ['csv', 'text/csv; charset=utf-8', 'sessions,,total,1\r\n'],
])('the report as %s', async (format, type, part) => {
  const response = await api.get(`${PATH}?date=2026-11-21&format=${format}`);
  expect(response.headers.get('content-type')).toBe(type);
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename=gbrtc-calls-2026-11-21.${format}`);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.text()).toContain(part);
});

test.each([
  ['?date=yesterday', 'date_range_invalid'],
  ['?date=2026-02-30', 'date_range_invalid'],
  ['?from=2026-11-22&to=2026-11-21', 'date_range_invalid'],
  ['?from=2026-01-01&to=2026-12-31', 'date_range_invalid'],
  [`?date=${'1'.repeat(100)}`, 'invalid_request'],
  ['?format=xls', 'invalid_request'],
])('bad query %s', async (query, code) => {
  const response = await api.get(PATH + query);
  expect([response.status, await response.json()]).toMatchObject([400, { error: { code } }]);
});

test('the database is away', async () => {
  history.failure = new FakeError('call_database_unavailable', 'gone');
  const response = await api.get(`${PATH}?date=2026-11-21`);
  expect([response.status, await response.json()]).toEqual([
    503,
    { error: { code: 'call_database_unavailable', message: 'gone' } },
  ]);
});

test('only for administrators', async () => {
  await api.close();
  api = await openApi({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
  expect((await api.get(PATH)).status).toBe(401);
  expect((await api.get(PATH, { Authorization: `Bearer ${await api.login()}` })).status).toBe(200);
});
