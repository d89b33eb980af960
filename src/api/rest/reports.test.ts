import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ADMIN, CHANNEL_PATH, DEVICE_PATH, openApi, type ApiFixture } from '../../../test/support/api-fixture.ts';
import { CHANNEL, DEVICE, fakeChannel, fakeDevice } from '../../../test/support/fake-platform.ts';

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi({ map: { tileUrl: 'https://{s}.tiles.example/{z}/{x}/{y}.png', attribution: 'Example' } });
});
afterEach(() => api.close());

const json = async (path: string): Promise<unknown> => (await api.get(path)).json();

describe('alarms', () => {
  test('listed newest first, by every filter, in pages', async () => {
    const { alarms } = api.platform.reports;
    for (let n = 1; n <= 5; n += 1)
      alarms.raise({ priority: n % 2, alarmedAt: n * 1000, method: n, channelId: `c${n}` });
    alarms.acknowledge(2, 'anna');
    const ids = async (query: string): Promise<number[]> => {
      const page = (await json(`/api/v1/alarms?${query}`)) as { items: Array<{ id: number }> };
      return page.items.map(({ id }) => id);
    };
    expect(await json('/api/v1/alarms?limit=2&page=2')).toMatchObject({
      items: [{ id: 3 }, { id: 2, acknowledgedBy: 'anna' }],
      page: 2,
      limit: 2,
      total: 5,
      unacknowledged: 4,
    });
    expect(await ids('priority=1')).toEqual([5, 3, 1]);
    expect(await ids('method=4')).toEqual([4]);
    expect(await ids('channelId=c4')).toEqual([4]);
    expect(await ids('deviceId=other')).toEqual([]);
    expect(await ids('acknowledged=true')).toEqual([2]);
    expect(await ids('acknowledged=false&from=2000&to=4000')).toEqual([4, 3]);
    expect(await ids("channelId=c1' OR '1'='1")).toEqual([]);
    for (const bad of ['priority=x', 'acknowledged=yes', 'from=-1', 'limit=0', 'limit=501'])
      expect((await api.get(`/api/v1/alarms?${bad}`)).status).toBe(400);
  });

  test('one, acknowledged by name, all of a filter; unknown ones are 404', async () => {
    const guarded = await openApi({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
    const { alarms } = guarded.platform.reports;
    for (let n = 1; n <= 3; n += 1) alarms.raise({ method: n });
    expect((await guarded.get('/api/v1/alarms')).status).toBe(401);
    expect((await guarded.send('POST', '/api/v1/alarms/1/acknowledge', {})).status).toBe(401);
    const authorization = { Authorization: `Bearer ${await guarded.login()}` };
    const one = await guarded.send('POST', '/api/v1/alarms/1/acknowledge', undefined, authorization);
    expect(await one.json()).toMatchObject({
      id: 1,
      acknowledgedBy: ADMIN.username,
      acknowledgedAt: expect.any(Number) as number,
    });
    const all = await guarded.send('POST', '/api/v1/alarms/acknowledge?method=2', undefined, authorization);
    expect(await all.json()).toEqual({ acknowledged: 1 });
    const answers = ['/9', '/9/snapshot', '/1/snapshot'].map((path) =>
      guarded.get(`/api/v1/alarms${path}`, authorization),
    );
    const problems = await Promise.all((await Promise.all(answers)).map((each) => each.json()));
    expect(problems).toMatchObject([
      { error: { code: 'alarm_unknown' } },
      { error: { code: 'snapshot_unknown' } },
      { error: { code: 'snapshot_unknown' } },
    ]);
    expect((await guarded.send('POST', '/api/v1/alarms/9/acknowledge', undefined, authorization)).status).toBe(404);
    await guarded.close();
  });

  test('the snapshot is a JPEG', async () => {
    const { alarms } = api.platform.reports;
    const { id } = alarms.raise();
    alarms.store.setSnapshot(id, { jpeg: Buffer.from([0xff, 0xd8]) });
    const response = await api.get(`/api/v1/alarms/${id}/snapshot`);
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from([0xff, 0xd8]));
  });
});

describe('positions', () => {
  test('as told, else as the catalogue has it; with name and state', async () => {
    const [online, offline] = [fakeDevice(), fakeDevice({ id: 'off', name: '', online: false })];
    api.platform.addDevice(online, [
      fakeChannel(),
      fakeChannel({ id: 'c2', name: 'Gate', longitude: 1, latitude: 2, status: 'OFF' }),
    ]);
    api.platform.addDevice(offline, [fakeChannel({ deviceId: 'off', id: 'c3', name: '', longitude: 3, latitude: 4 })]);
    api.platform.reports.positions.move({
      deviceId: DEVICE,
      channelId: CHANNEL,
      at: 5,
      receivedAt: 6,
      longitude: 118.38,
      latitude: 31.33,
      speed: 40,
    });
    expect(await json('/api/v1/positions')).toEqual({
      items: [
        {
          deviceId: DEVICE,
          channelId: CHANNEL,
          name: 'IPC',
          kind: 'video',
          online: true,
          source: 'device',
          longitude: 118.38,
          latitude: 31.33,
          at: 5,
          speed: 40,
        },
        {
          deviceId: DEVICE,
          channelId: 'c2',
          name: 'Gate',
          kind: 'video',
          online: false,
          source: 'catalog',
          longitude: 1,
          latitude: 2,
        },
        {
          deviceId: 'off',
          channelId: 'c3',
          name: 'c3',
          kind: 'video',
          online: false,
          source: 'catalog',
          longitude: 3,
          latitude: 4,
        },
      ],
      page: 1,
      limit: 1000,
      total: 3,
    });
    expect(await json('/api/v1/positions?deviceId=off')).toMatchObject({ total: 1 });
  });

  test('a track between two times', async () => {
    api.platform.addDevice(fakeDevice());
    for (const at of [1000, 2000, 3000]) {
      api.platform.reports.positions.move({
        deviceId: DEVICE,
        channelId: CHANNEL,
        at,
        receivedAt: at,
        longitude: 118,
        latitude: 31,
      });
    }
    const path = `${CHANNEL_PATH}/track`;
    expect(await json(`${path}?from=2000&to=3000`)).toMatchObject({ items: [{ at: 2000 }, { at: 3000 }] });
    expect(await json(path)).toEqual({ items: [] });
    expect((await api.get(path.replace(DEVICE, 'x'))).status).toBe(404);
    expect((await api.get(`${path}?from=yesterday`)).status).toBe(400);
  });

  test('tiles of the map, and pictures may come from where they are', async () => {
    const response = await api.get('/api/v1/map');
    expect(await response.json()).toEqual({
      tileUrl: 'https://{s}.tiles.example/{z}/{x}/{y}.png',
      attribution: 'Example',
    });
    expect(response.headers.get('content-security-policy')).toContain(
      "img-src 'self' data: blob: https://*.tiles.example;",
    );
  });
});

test('subscriptions of a device, and their renewal', async () => {
  api.platform.addDevice(fakeDevice());
  const failure = { code: 'rejected' as const, status: 489, message: '489 Bad Event', at: 1 };
  const views = [
    { kind: 'catalog' as const, state: 'active' as const, notifies: 3, since: 1, expiresAt: 2, lastNotifyAt: 3 },
    { kind: 'alarm' as const, state: 'unsupported' as const, notifies: 0, nextAttemptAt: 9, failure },
  ];
  api.platform.reports.views.set(DEVICE, views);
  expect(await json(`${DEVICE_PATH}/subscriptions`)).toEqual({ items: views });
  const renewed = await api.send('POST', `${DEVICE_PATH}/subscriptions/renew`, undefined);
  expect(renewed.status).toBe(202);
  expect(api.platform.reports.renewed).toEqual([DEVICE]);
  expect((await api.get('/api/v1/devices/x/subscriptions')).status).toBe(404);
  const patched = await api.send('PATCH', DEVICE_PATH, { subscriptions: { alarm: false } });
  expect(await patched.json()).toMatchObject({ settings: { subscriptions: { alarm: false } } });
});

test('metrics of reports', async () => {
  api.platform.reports.alarms.raise();
  const text = await (await api.get('/metrics')).text();
  for (const line of [
    'gbrtc_alarms_unacknowledged 1',
    'gbrtc_alarms_total{outcome="kept"} 5',
    'gbrtc_alarm_snapshots_total{outcome="ffmpeg_missing"} 2',
    'gbrtc_positions_total{outcome="unusable"} 1',
    'gbrtc_subscriptions 2',
    'gbrtc_subscription_events_total{event="refreshed"} 4',
    'gbrtc_catalog_changes_total{event="OFF"} 2',
  ])
    expect(text).toContain(`${line}\n`);
});
