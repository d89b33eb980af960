import { afterEach, beforeEach, expect, test } from 'vitest';
import { CHANNEL_PATH, type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { CHANNEL, DEVICE, fakeChannel, fakeDevice } from '../../../test/support/fake-platform.ts';

const REF = { deviceId: DEVICE, channelId: CHANNEL };

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi();
  api.platform.addDevice(fakeDevice(), [fakeChannel()]);
});
afterEach(() => api.close());

type Answer = { status: number; body: Record<string, unknown> };
const answerOf = async (response: Promise<Response>): Promise<Answer> => {
  const got = await response;
  return { status: got.status, body: (await got.json()) as Record<string, unknown> };
};
const send = (method: string, path: string, body?: unknown): Promise<Answer> =>
  answerOf(api.send(method, `/api/v1${path}`, body));
const create = async (name: string, parentId = ''): Promise<string> =>
  String((await send('POST', '/groups', { name, parentId })).body['id']);

test('groups are made, nested, renamed, moved and deleted', async () => {
  const a = await create('a');
  const b = await create('b', a);
  expect(await send('PATCH', `/groups/${b}`, { name: ' B ' })).toMatchObject({
    status: 200,
    body: { name: 'B', parentId: a },
  });
  expect(await send('PATCH', `/groups/${a}`, { parentId: b })).toMatchObject({
    status: 409,
    body: { error: { code: 'group_cycle' } },
  });
  expect(await send('PATCH', `/groups/${b}`, { parentId: '' })).toMatchObject({ body: { parentId: '' } });
  expect(await send('PATCH', `/groups/${b}`, { parentId: a })).toMatchObject({ body: { parentId: a } });
  const { body } = await answerOf(api.get('/api/v1/groups'));
  expect(body['items']).toEqual([
    { id: a, name: 'a', parentId: '', channelCount: 0 },
    { id: b, name: 'B', parentId: a, channelCount: 0 },
  ]);
  expect(await send('DELETE', `/groups/${a}`)).toEqual({ status: 200, body: { removed: 2 } });
  expect(await send('DELETE', `/groups/${a}`)).toMatchObject({
    status: 404,
    body: { error: { code: 'group_unknown' } },
  });
});

test.each([
  ['POST', '/groups', {}],
  ['POST', '/groups', { name: '  ' }],
  ['POST', '/groups', { name: 'x'.repeat(129) }],
  ['PATCH', '/groups/x', { colour: 'red' }],
  ['POST', '/groups/x/channels', { channels: [] }],
  ['POST', '/groups/x/channels', { channels: Array.from({ length: 501 }, () => ({ deviceId: 'd', channelId: 'c' })) }],
  ['PATCH', `/devices/${DEVICE}/channels/${CHANNEL}`, { position: { longitude: 181, latitude: 0 } }],
  ['PATCH', `/devices/${DEVICE}/channels/${CHANNEL}`, { position: { longitude: 1 } }],
])('%s %s refuses case %#', async (method, path, body) => {
  expect((await send(method, path, body)).status).toBe(400);
});

test('channels are put into groups and taken out', async () => {
  const a = await create('a');
  const path = `/groups/${a}/channels`;
  expect(await send('POST', path, { channels: [REF, REF] })).toEqual({ status: 200, body: { items: [REF] } });
  expect(await answerOf(api.get(`/api/v1${path}`))).toMatchObject({ body: { items: [REF] } });
  const stranger = { deviceId: DEVICE, channelId: 'nobody' };
  expect(await send('POST', path, { channels: [stranger] })).toMatchObject({
    status: 404,
    body: { error: { code: 'channel_unknown' } },
  });
  expect(await answerOf(api.get('/api/v1/trees/own'))).toEqual({
    status: 200,
    body: { kind: 'own', branches: [{ id: a, kind: 'own', name: 'a', parentId: '', channels: [REF] }] },
  });
  expect(await send('POST', `${path}/remove`, { channels: [REF, stranger] })).toEqual({
    status: 200,
    body: { items: [] },
  });
});

test.each([
  ['devices', { id: DEVICE, kind: 'device', channels: [REF] }],
  ['regions', { id: '3402', kind: 'region', channels: [REF] }],
  ['business', { id: 'unassigned', kind: 'unassigned', channels: [REF] }],
])('tree of %s', async (kind, branch) => {
  const { body } = await answerOf(api.get(`/api/v1/trees/${kind}`));
  expect(body['branches']).toContainEqual(expect.objectContaining(branch));
});

test('no other trees', async () => expect((await api.get('/api/v1/trees/oaks')).status).toBe(400));

test('a name and a position by the operator, beside the device’s own, and back', async () => {
  const told = { name: 'IPC', longitude: 0, latitude: 0 };
  expect(await answerOf(api.send('PATCH', CHANNEL_PATH, { name: 'Gate' }))).toMatchObject({
    status: 200,
    body: { ...told, name: 'Gate', told },
  });
  const position = { longitude: 118.4, latitude: 31.3 };
  expect(await answerOf(api.send('PATCH', CHANNEL_PATH, { position }))).toMatchObject({
    body: { name: 'Gate', ...position, told },
  });
  expect(await answerOf(api.send('PATCH', CHANNEL_PATH, { name: null }))).toMatchObject({
    body: { name: 'IPC', ...position, told },
  });
  const { body } = await answerOf(api.send('PATCH', CHANNEL_PATH, { position: null }));
  expect(body).toMatchObject(told);
  expect(body).not.toHaveProperty('told');
});
