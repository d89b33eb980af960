import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../../test/support/api-fixture.ts';
import { FakePeer } from '../../../test/support/fake-peer.ts';
import { FakeStreams } from '../../../test/support/fake-streams.ts';
import { openMeetings } from '../../../test/support/meetings-fixture.ts';
import type { Meetings } from '../../rooms/meeting/index.ts';
import { mediaNodeSchema, roomSchema, roomSummarySchema } from '../schemas/room.ts';

const AUTH = { enable: true, tokenTtlMs: 3_600_000, playTokenTtlMs: 60_000, nodeToken: 'node-secret' };
const NODE = { id: 'n1', addresses: { wss: 'wss://n1.test/pms' }, load: 3, capacity: 10 };

let meetings: Meetings;
let api: ApiFixture;
let admin: Record<string, string>;
beforeEach(async () => {
  meetings = openMeetings(new FakeStreams());
  api = await openApi({ auth: AUTH }, { rooms: meetings });
  admin = { Authorization: `Bearer ${await api.login()}` };
});
afterEach(async () => {
  await api.close();
  meetings.close();
});

async function join(app: string, channel: string, endpoint: string): Promise<FakePeer> {
  const peer = new FakePeer(meetings.protocol);
  await peer.say(JSON.stringify({ method: 'channel.join', data: { app, channel, endpoint, device: 'd' } }));
  const stream = { type: 'camera', stream_id: `${app}-${endpoint}`, has_video: true, video_codec: 'vp8' };
  await peer.say(JSON.stringify({ method: 'stream.add', data: { stream } }));
  return peer;
}

const json = async (path: string): Promise<Record<string, unknown>> =>
  (await (await api.get(`/api/v1/${path}`, admin)).json()) as Record<string, unknown>;

describe('rooms', () => {
  test('by app and channel, in pages', async () => {
    for (const [app, channel] of [
      ['b', 'x'],
      ['a', 'Room 2'],
      ['a', 'room 1'],
    ] as const) {
      await join(app, channel, 'e1');
    }
    await join('b', 'x', 'e2');
    const all = await json('rooms');
    expect(all).toMatchObject({ page: 1, limit: 50, total: 3 });
    expect(all['items']).toMatchObject([
      { app: 'a', channel: 'Room 2', members: 1, streams: 1 },
      { app: 'a', channel: 'room 1', members: 1, streams: 1 },
      { app: 'b', channel: 'x', members: 2, streams: 2 },
    ]);
    for (const item of all['items'] as unknown[]) roomSummarySchema.strict().parse(item);
    expect(await json('rooms?app=a&search=ROOM&limit=1&page=2')).toMatchObject({
      total: 2,
      items: [{ channel: 'room 1' }],
    });
  });

  test('one with its members, whatever it is called', async () => {
    const name = "a/b ? '; DROP TABLE rooms; --";
    await join('app', name, '<b>e</b>');
    const room = await json(`rooms/app/${encodeURIComponent(name)}`);
    roomSchema.strict().parse(room);
    expect(room).toMatchObject({
      app: 'app',
      channel: name,
      members: 1,
      endpoints: [
        {
          endpoint: '<b>e</b>',
          device: 'd',
          role: 'normal',
          connected: true,
          remoteAddress: '192.0.2.7',
          streams: [{ stream_id: 'app-<b>e</b>', video_codec: 'vp8', has_audio: false }],
        },
      ],
    });
  });

  test('a member is put out', async () => {
    const peer = await join('a', 'c', 'e');
    const path = '/api/v1/rooms/a/c/members/e';
    expect((await api.send('DELETE', path, undefined, admin)).status).toBe(204);
    expect([peer.closed, meetings.list()]).toEqual([true, []]);
    for (const [method, what, code] of [
      ['DELETE', path, 'member_unknown'],
      ['GET', '/api/v1/rooms/a/c', 'room_unknown'],
    ] as const) {
      const response = await api.send(method, what, undefined, admin);
      expect([response.status, await response.json()]).toMatchObject([404, { error: { code } }]);
    }
  });

  test('are counted', async () => {
    await join('a', 'c', 'e');
    const text = await (await api.get('/metrics', admin)).text();
    expect(text).toContain('gbrtc_meeting_rooms 1\n');
    expect(text).toContain('gbrtc_meeting_members 1\n');
    expect(text).toContain('gbrtc_meeting_requests_total 2\n');
    expect(text).toContain('gbrtc_meeting_failures_total 0\n');
  });
});

describe('media nodes', () => {
  const node = { Authorization: 'Bearer node-secret' };

  test('say that they are there, and that they go', async () => {
    const beat = await api.send('POST', '/api/v1/media-nodes', NODE, node);
    const said = (await beat.json()) as Record<string, unknown>;
    mediaNodeSchema.strict().parse(said);
    expect([beat.status, said]).toMatchObject([
      200,
      { ...NODE, addresses: { wss: 'wss://n1.test/pms', ws: '', rtsp: '' }, alive: true },
    ]);
    expect(await json('media-nodes')).toMatchObject({ items: [{ id: 'n1', load: 3 }] });
    expect((await api.send('DELETE', '/api/v1/media-nodes/n1', undefined, node)).status).toBe(204);
    const again = await api.send('DELETE', '/api/v1/media-nodes/n1', undefined, admin);
    expect([again.status, await again.json()]).toMatchObject([404, { error: { code: 'media_node_unknown' } }]);
  });

  test('need their token, which opens nothing else', async () => {
    const post = async (headers: Record<string, string>) =>
      (await api.send('POST', '/api/v1/media-nodes', NODE, headers)).status;
    expect(await post(admin)).toBe(200);
    expect([await post({}), await post({ Authorization: 'Bearer node-secreT' })]).toEqual([401, 401]);
    for (const path of ['media-nodes', 'rooms', 'devices', 'tokens?scope=play&stream=a']) {
      expect([path, (await api.get(`/api/v1/${path}`, node)).status]).toEqual([path, 401]);
    }
    const closed = await openApi({ auth: { ...AUTH, nodeToken: '' } });
    expect((await closed.send('POST', '/api/v1/media-nodes', NODE, { Authorization: 'Bearer ' })).status).toBe(401);
    await closed.close();
  });

  test('have a bounded number of guesses, which keep no administrator out', async () => {
    const status = async (headers: Record<string, string>) =>
      (await api.send('DELETE', '/api/v1/media-nodes/n2', undefined, headers)).status;
    for (let index = 0; index < 30; index++) expect(await status({ Authorization: `Bearer ${index}` })).toBe(401);
    const late = await api.send('POST', '/api/v1/media-nodes', NODE, node);
    expect([late.status, await late.json()]).toMatchObject([429, { error: { code: 'too_many_logins' } }]);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await status(admin)).toBe(404);
  });

  test.each([
    [{ ...NODE, id: '' }, 'body.id'],
    [{ ...NODE, load: -1 }, 'body.load'],
    [{ ...NODE, capacity: 0 }, 'body.capacity'],
    [{ ...NODE, addresses: { wss: 'javascript:alert(1)' } }, 'body.addresses.wss'],
    [{ ...NODE, addresses: { ftp: 'ftp://x' } }, 'body.addresses'],
  ])('refuses %j', async (body, field) => {
    const response = await api.send('POST', '/api/v1/media-nodes', body, node);
    const { error } = (await response.json()) as { error: { message: string } };
    expect(response.status).toBe(400);
    expect(error.message).toContain(field);
  });
});
