import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHANNEL_PATH, openApi, type ApiFixture } from '../../../test/support/api-fixture.ts';
import { CHANNEL, DEVICE, fakeChannel, fakeDevice, FakeError } from '../../../test/support/fake-platform.ts';

const FROM = 1_772_294_400_000;
const RANGE = { deviceId: DEVICE, channelId: CHANNEL, from: FROM, to: FROM + 3_600_000 };

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi();
  api.platform.addDevice(fakeDevice(), [fakeChannel({ downloadSpeed: '1/2/8' })]);
});
afterEach(() => api.close());

async function json(method: string, path: string, body?: unknown): Promise<[number, Record<string, unknown>]> {
  const response = method === 'GET' ? await api.get(path) : await api.send(method, path, body);
  return [response.status, response.status === 204 ? {} : ((await response.json()) as Record<string, unknown>)];
}

describe('recordings of a device', () => {
  const path = `${CHANNEL_PATH}/records`;
  test('are asked of it', async () => {
    const [status, list] = await json('GET', `${path}?from=${FROM}&to=${FROM + 1000}&type=alarm`);
    expect([status, list]).toMatchObject([200, { complete: true, items: [], segments: [] }]);
    expect(api.platform.calls).toContainEqual(['records', DEVICE, CHANNEL, FROM, FROM + 1000, 'alarm']);
  });

  test.each([
    ['from is missing', `${path}?to=1`, 400],
    ['to is not after from', `${path}?from=5&to=5`, 400],
    ['longer than a month', `${path}?from=0&to=${32 * 86_400_000}`, 400],
    ['no such kind', `${path}?from=0&to=1&type=x`, 400],
    ['no such device', path.replace(DEVICE, '1'), 400],
    ['no such device, with a range', `${path.replace(DEVICE, '1')}?from=0&to=1`, 404],
  ])('%s', async (_name, url, status) => expect((await json('GET', url))[0]).toBe(status));

  test('a device that does not answer', async () => {
    api.platform.failure = new FakeError('device_no_response', 'silent');
    expect(await json('GET', `${path}?from=0&to=1`)).toMatchObject([504, { error: { code: 'device_no_response' } }]);
  });
});

describe('playbacks', () => {
  test('begin, are listed, steered and ended', async () => {
    const [status, ticket] = await json('POST', '/api/v1/playbacks', { ...RANGE, speed: 2, subStream: 1 });
    expect([status, ticket]).toMatchObject([
      201,
      { state: 'playing', speed: 2, subStream: 1, fromMs: FROM, stream: `playback/${DEVICE}_${CHANNEL}_pb1` },
    ]);
    expect(ticket['whepUrl']).toContain('app=playback');
    const id = String(ticket['id']);
    const change = { state: 'paused', speed: 0.5, position: FROM + 5, step: 1 };
    expect(await json('PATCH', `/api/v1/playbacks/${id}`, change)).toMatchObject([200, { state: 'paused' }]);
    expect(api.streams.playbacks.changes).toEqual([
      [id, { state: 'paused', speed: 0.5, positionMs: FROM + 5, step: 1 }],
    ]);
    expect(await json('GET', '/api/v1/playbacks')).toMatchObject([200, { items: [{ id }] }]);
    expect((await json('DELETE', `/api/v1/playbacks/${id}`))[0]).toBe(204);
    expect(await json('GET', `/api/v1/playbacks/${id}`)).toMatchObject([200, { state: 'ended', end: 'stopped' }]);
  });

  test.each([
    ['to before from', { ...RANGE, to: FROM - 1 }],
    ['more than a week', { ...RANGE, to: FROM + 8 * 86_400_000 }],
    ['speed 0', { ...RANGE, speed: 0 }],
    ['speed 9', { ...RANGE, speed: 9 }],
    ['a sub-stream that there is not', { ...RANGE, subStream: 16 }],
    ['something else', { ...RANGE, more: 1 }],
  ])('refused: %s', async (_name, body) => expect((await json('POST', '/api/v1/playbacks', body))[0]).toBe(400));

  test.each([
    ['GET', undefined],
    ['PATCH', {}],
    ['DELETE', undefined],
  ])('%s of an unknown one', async (method, body) => {
    expect(await json(method, '/api/v1/playbacks/none', body)).toMatchObject([
      404,
      { error: { code: 'playback_unknown' } },
    ]);
  });

  test('a device that refuses', async () => {
    api.streams.playbacks.failure = new FakeError('device_refused', 'no', 501);
    expect(await json('POST', '/api/v1/playbacks', RANGE)).toMatchObject([502, { error: { code: 'device_refused' } }]);
    expect((await json('POST', '/api/v1/playbacks', { ...RANGE, deviceId: '1' }))[0]).toBe(404);
  });
});

describe('downloads', () => {
  test('of a device that cannot; none is left', async () => {
    expect(await json('POST', '/api/v1/downloads', RANGE)).toMatchObject([409, { error: { code: 'device_offline' } }]);
    expect(await json('GET', '/api/v1/downloads')).toEqual([200, { items: [] }]);
    expect(await json('GET', '/api/v1/downloads/none')).toMatchObject([404, { error: { code: 'download_unknown' } }]);
    expect((await json('DELETE', '/api/v1/downloads/none'))[0]).toBe(404);
    expect(await json('POST', '/api/v1/downloads/none/resume')).toMatchObject([
      404,
      { error: { code: 'download_unknown' } },
    ]);
    expect((await json('POST', '/api/v1/downloads', { ...RANGE, speed: 65 }))[0]).toBe(400);
  });
});
