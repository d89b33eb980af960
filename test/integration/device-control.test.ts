import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCamera, type Camera, type CameraOptions } from '../../src/camera/index.ts';
import {
  CONFIG_TYPES,
  createPlatform,
  createSnapshots,
  decodePtz,
  encodePtz,
  type AlarmConditions,
  type ConfigValues,
  type DeviceControl,
  type Platform,
  type PtzCommand,
  type RecordQuery,
} from '../../src/gb28181/index.ts';
import { createSipEngine } from '../../src/sip/index.ts';
import { createCapabilityStore, createDeviceStore, openDatabase } from '../../src/store/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { memoryReportStores, REPORTS } from '../support/report-stores.ts';
import { openApi } from '../support/api-fixture.ts';
import { MemorySnapshotStore } from '../support/memory-snapshots.ts';

const SERVER_ID = '34020000002000000001';
const DEVICE_ID = '34020000001320000001';
const CHANNEL_ID = '34020000001310000001';
const TARGET = { deviceId: DEVICE_ID, channelId: CHANNEL_ID };
const OWN = { deviceId: DEVICE_ID, channelId: DEVICE_ID };

const open: Array<() => Promise<unknown> | void> = [];
afterAll(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function openPair(options: Partial<CameraOptions> = {}): Promise<{ platform: Platform; camera: Camera }> {
  const db = openDatabase(':memory:');
  open.push(() => db.close());
  const platform = await createPlatform(
    {
      serial: SERVER_ID,
      realm: '3402000000',
      listenAddress: '127.0.0.1',
      port: 0,
      auth: { enable: true, password: 'secret', algorithms: ['MD5'] },
      admission: 'open',
      allow: [],
      deny: [],
      registerRatePerMinute: 0,
      dateHeader: true,
      keepaliveTimeoutMinSec: 180,
      defaultTransports: ['tcp-passive'],
      inviteTimeoutMs: 5_000,
      responseTimeoutMs: 3_000,
      traceEntries: 100,
      traceEntriesPerDevice: 100,
      reports: REPORTS,
    },
    {
      store: createDeviceStore(db),
      reportStores: memoryReportStores(),
      capabilities: createCapabilityStore(db),
      createEngine: createSipEngine,
      log: silentLogger,
    },
  );
  open.push(() => platform.close());
  const { port } = platform.listening.find(({ protocol }) => protocol === 'udp')!;
  const camera = await createCamera({
    server: `127.0.0.1:${port}`,
    serverId: SERVER_ID,
    id: DEVICE_ID,
    password: 'secret',
    ...options,
  });
  open.push(() => camera.close());
  await camera.ready();
  await vi.waitFor(() => expect(platform.channel(DEVICE_ID, CHANNEL_ID)?.id).toBe(CHANNEL_ID), 15_000);
  return { platform, camera };
}

describe('against the virtual camera, over real sockets', () => {
  let platform: Platform;
  let camera: Camera;
  beforeAll(async () => {
    ({ platform, camera } = await openPair());
  });

  const ptz = (command: PtzCommand, names: { presetName?: string; cruiseTrackName?: string } = {}) =>
    platform.controls.run(TARGET, { kind: 'ptz', hex: encodePtz(command), ...names });
  const stop = { kind: 'move', pan: 0, tilt: 0, zoom: 0, panSpeed: 0, tiltSpeed: 0, zoomSpeed: 0 } as const;

  const commands: PtzCommand[] = [
    ...([-1, 0, 1] as const).flatMap((pan) =>
      ([-1, 0, 1] as const).map((tilt) => ({ ...stop, pan, tilt, panSpeed: 9, tiltSpeed: 8 })),
    ),
    { ...stop, zoom: 1, zoomSpeed: 3 },
    { ...stop, zoom: -1, zoomSpeed: 3 },
    { kind: 'lens', focus: 1, iris: 0, focusSpeed: 1, irisSpeed: 0 },
    { kind: 'lens', focus: -1, iris: 1, focusSpeed: 1, irisSpeed: 2 },
    { kind: 'lens', focus: 0, iris: -1, focusSpeed: 0, irisSpeed: 2 },
    { kind: 'lens', focus: 0, iris: 0, focusSpeed: 0, irisSpeed: 0 },
    { kind: 'preset', action: 'set', preset: 200 },
    { kind: 'preset', action: 'call', preset: 200 },
    { kind: 'preset', action: 'delete', preset: 200 },
    { kind: 'cruise', action: 'add', group: 9, value: 200 },
    { kind: 'cruise', action: 'speed', group: 9, value: 300 },
    { kind: 'cruise', action: 'dwell', group: 9, value: 4_095 },
    { kind: 'cruise', action: 'start', group: 9, value: 0 },
    { kind: 'cruise', action: 'delete', group: 9, value: 0 },
    { kind: 'scan', action: 'left_limit', group: 2, value: 0 },
    { kind: 'scan', action: 'right_limit', group: 2, value: 0 },
    { kind: 'scan', action: 'speed', group: 2, value: 0x134 },
    { kind: 'scan', action: 'start', group: 2, value: 0 },
    { kind: 'auxiliary', on: true, number: 1 },
    { kind: 'auxiliary', on: false, number: 1 },
    stop,
  ];
  test.each(commands)('PTZCmd %o', async (command) => {
    const received = Promise.withResolvers<unknown[]>();
    camera.once('ptz', (...args) => received.resolve(args));
    expect(await ptz(command)).toEqual({ command: 'PTZCmd', outcome: 'sent' });
    expect(await received.promise).toEqual([CHANNEL_ID, decodePtz(encodePtz(command))]);
  });

  const vectors = JSON.parse(readFileSync(new URL('../fixtures/gb28181/ptz.json', import.meta.url), 'utf8')) as {
    valid: Array<{ hex: string }>;
    invalid: Array<{ hex: string }>;
  };

  test('every PTZCmd of the tables arrives, those that are refused move nothing', async () => {
    const received: unknown[] = [];
    const listen = (_channel: string, command: unknown): void => void received.push(command);
    camera.on('ptz', listen);
    for (const { hex } of [...vectors.invalid, ...vectors.valid]) {
      expect(await platform.controls.run(TARGET, { kind: 'ptz', hex })).toEqual({ command: 'PTZCmd', outcome: 'sent' });
    }
    await ptz(stop);
    await expect.poll(() => received).toHaveLength(vectors.valid.length + 1);
    camera.off('ptz', listen);
    expect(received).toEqual([...vectors.valid.map(({ hex }) => decodePtz(hex)), stop]);
  });

  test('a move changes the position until the stop', async () => {
    await platform.controls.run(TARGET, { kind: 'precise_ptz', position: { pan: 10, tilt: 0, zoom: 1 } });
    await ptz({ ...stop, pan: 1, panSpeed: 255 });
    await expect.poll(async () => (await platform.queries.ptzPosition(TARGET)).pan).toBeGreaterThan(12);
    await ptz(stop);
    const first = await platform.queries.ptzPosition(TARGET);
    expect(await platform.queries.ptzPosition(TARGET)).toEqual(first);
  });

  test('presets: set with a name, listed, called, deleted', async () => {
    await platform.controls.run(TARGET, { kind: 'precise_ptz', position: { pan: 45, tilt: 20, zoom: 3 } });
    await ptz({ kind: 'preset', action: 'set', preset: 5 }, { presetName: '大门' });
    expect(await platform.queries.presets(TARGET)).toEqual({
      items: [{ id: '5', name: '大门' }],
      sumNum: 1,
      complete: true,
    });
    await platform.controls.run(TARGET, { kind: 'precise_ptz', position: { pan: 200 } });
    await ptz({ kind: 'preset', action: 'call', preset: 5 });
    expect(await platform.queries.ptzPosition(TARGET)).toMatchObject({ pan: 45, tilt: 20, zoom: 3 });
    await ptz({ kind: 'preset', action: 'delete', preset: 5 });
    expect((await platform.queries.presets(TARGET)).items).toEqual([]);
  });

  test('cruise tracks with their points', async () => {
    await ptz({ kind: 'cruise', action: 'add', group: 1, value: 3 }, { cruiseTrackName: 'round' });
    await ptz({ kind: 'cruise', action: 'add', group: 1, value: 4 });
    await ptz({ kind: 'cruise', action: 'speed', group: 1, value: 12 });
    await ptz({ kind: 'cruise', action: 'dwell', group: 1, value: 20 });
    expect((await platform.queries.cruiseTracks(TARGET)).items).toEqual([{ number: 0, name: 'round' }]);
    expect(await platform.queries.cruiseTrack(TARGET, 0)).toEqual({
      number: 0,
      name: 'round',
      items: [
        { presetIndex: 3, stayTime: 20, speed: 12 },
        { presetIndex: 4, stayTime: 20, speed: 12 },
      ],
      sumNum: 2,
      complete: true,
    });
    await expect(platform.queries.cruiseTrack(TARGET, 7)).rejects.toMatchObject({ code: 'device_refused' });
    await ptz({ kind: 'cruise', action: 'delete', group: 1, value: 0 });
    expect((await platform.queries.cruiseTracks(TARGET)).items).toEqual([]);
  });

  const area = { length: 1_280, width: 720, midPointX: 960, midPointY: 360, lengthX: 640, lengthY: 360 };
  const controls: Array<{ control: DeviceControl; outcome: string; check?: () => Promise<unknown>; value?: unknown }> =
    [
      { control: { kind: 'key_frame' }, outcome: 'sent' },
      { control: { kind: 'alarm_reset', alarmMethod: '2' }, outcome: 'confirmed' },
      { control: { kind: 'target_track', mode: 'Manual', area }, outcome: 'sent' },
      {
        control: { kind: 'record', on: true },
        outcome: 'confirmed',
        check: async () => (await platform.queries.status(TARGET)).record,
        value: 'ON',
      },
      {
        control: { kind: 'record', on: false },
        outcome: 'confirmed',
        check: async () => (await platform.queries.status(OWN)).record,
        value: 'OFF',
      },
      {
        control: { kind: 'guard', set: true },
        outcome: 'confirmed',
        check: async () => (await platform.queries.status(TARGET)).alarms,
        value: [{ deviceId: CHANNEL_ID, dutyStatus: 'ONDUTY' }],
      },
      {
        control: { kind: 'guard', set: false },
        outcome: 'confirmed',
        check: async () => (await platform.queries.status(TARGET)).alarms,
        value: [{ deviceId: CHANNEL_ID, dutyStatus: 'OFFDUTY' }],
      },
      {
        control: { kind: 'home_position', home: { enabled: true, resetTime: 60, presetIndex: 1 } },
        outcome: 'confirmed',
        check: () => platform.queries.homePosition(TARGET),
        value: { enabled: true, resetTime: 60, presetIndex: 1 },
      },
      {
        control: { kind: 'precise_ptz', position: { pan: 100, tilt: 10, zoom: 2 } },
        outcome: 'sent',
        check: () => platform.queries.ptzPosition(TARGET),
        value: {
          pan: 100,
          tilt: 10,
          zoom: 2,
          horizontalFieldAngle: 30,
          verticalFieldAngle: 17,
          maxViewDistance: 60,
        },
      },
      {
        control: { kind: 'drag_zoom', direction: 'in', area },
        outcome: 'sent',
        check: async () => {
          const { pan, zoom } = await platform.queries.ptzPosition(TARGET);
          return { pan, zoom };
        },
        value: { pan: 107.5, zoom: 4 },
      },
      {
        control: { kind: 'drag_zoom', direction: 'out', area: { ...area, midPointX: 640 } },
        outcome: 'sent',
        check: async () => (await platform.queries.ptzPosition(TARGET)).zoom,
        value: 2,
      },
    ];
  test.each(controls)('$control.kind is $outcome', async ({ control, outcome, check, value }) => {
    expect(await platform.controls.run(TARGET, control)).toMatchObject({ outcome });
    if (check !== undefined) expect(await check()).toEqual(value);
  });

  test('SD cards are formatted with progress', async () => {
    expect(await platform.queries.sdCards(OWN)).toMatchObject({ sumNum: 2, complete: true });
    await platform.controls.run(OWN, { kind: 'format_sd_card', card: 1 });
    const states = async () => (await platform.queries.sdCards(OWN)).items.map(({ status }) => status);
    expect(await states()).toEqual(['formatting', 'ok']);
    await expect.poll(states).toEqual(['ok', 'ok']);
    expect((await platform.queries.sdCards(OWN)).items[0]).toMatchObject({ freeSpace: 61_035, formatProgress: 0 });
  });

  const writes: ConfigValues[] = [
    { BasicParam: { name: '东门', heartBeatIntervalSec: 30 } },
    { SVACEncodeConfig: { audio: { recognition: true } } },
    { SVACDecodeConfig: { svc: { stmMode: 1 } } },
    {
      VideoParamAttribute: [
        { streamNumber: 0, videoFormat: '5', resolution: '6', frameRate: '30', bitRateType: 1, videoBitRate: 4_096 },
      ],
    },
    {
      VideoRecordPlan: {
        enabled: true,
        scheduleCount: 1,
        schedules: [
          {
            weekDay: 7,
            segmentCount: 1,
            segments: [{ startHour: 0, startMin: 0, startSec: 0, stopHour: 24, stopMin: 0, stopSec: 0 }],
          },
        ],
      },
    },
    { VideoAlarmRecord: { enabled: true, recordTimeSec: 60 } },
    { PictureMask: { on: true, regionCount: 1, regions: [{ seq: 1, point: '0,0,10,10' }] } },
    { FrameMirror: 2 },
    { AlarmReport: { motionDetection: false } },
    { OSDConfig: { textEnabled: true, textCount: 1, texts: [{ text: '大门', x: 1, y: 2 }] } },
  ];
  test.each(writes)('configuration %o is written and read', async (values) => {
    const [type] = Object.keys(values) as [keyof ConfigValues];
    expect(await platform.configs.write(OWN, values)).toEqual({
      command: `DeviceConfig/${type}`,
      outcome: 'confirmed',
    });
    const answer = await platform.configs.read(OWN, [type]);
    expect(answer).toMatchObject({ missing: [], complete: true });
    expect(answer.values).toMatchObject(values);
  });

  test('all types in one query', async () => {
    const { values, missing, complete } = await platform.configs.read(OWN, CONFIG_TYPES);
    expect([Object.keys(values).toSorted(), missing, complete]).toEqual([CONFIG_TYPES.toSorted(), [], true]);
  });

  test('the catalogue, and a list of recordings over midnight, in parts', async () => {
    expect(await platform.refreshCatalog(DEVICE_ID)).toEqual({ sumNum: 1, received: 1, complete: true });
    const hour = 3_600_000;
    const midnight = Math.floor((Date.now() + 8 * hour) / (24 * hour)) * 24 * hour - 8 * hour;
    const [fromMs, toMs] = [midnight - 36 * hour, midnight - 12 * hour];
    const { items, segments, sumNum, complete } = await platform.records({ ...TARGET, fromMs, toMs });
    // A file each hour but the fourth of the day, and an alarm at half past twelve.
    expect({ sumNum, complete, items: items.length }).toEqual({ sumNum: 24, complete: true, items: 24 });
    const alarmMs = fromMs + hour / 2;
    expect(segments).toEqual([
      { startMs: fromMs, endMs: midnight - 21 * hour, type: 'time' },
      { startMs: alarmMs, endMs: alarmMs + 300_000, type: 'alarm' },
      { startMs: midnight - 20 * hour, endMs: toMs, type: 'time' },
    ]);
  });

  test('recordings by their conditions, and a part of the catalogue', async () => {
    const day = 24 * 3_600_000;
    const range = { ...TARGET, fromMs: Date.now() - 2 * day, toMs: Date.now() - day };
    const count = async (conditions: Partial<RecordQuery>) =>
      (await platform.records({ ...range, ...conditions })).items.length;
    const all = await count({});
    const [first] = (await platform.records(range)).items;
    expect(all).toBeGreaterThan(20);
    expect(await count({ address: 'store' })).toBe(all);
    expect(await count({ address: 'attic' })).toBe(0);
    expect(await count({ filePath: first!.filePath })).toBe(1);
    expect(await count({ secrecy: 1 })).toBe(0);
    // The sub-stream is recorded, too; a third one the camera has not.
    expect(await count({ streamNumber: 1 })).toBe(all);
    expect(await count({ streamNumber: 2 })).toBe(0);
    expect(await count({ alarmMethod: '2/5', alarmType: '2' })).toBe(1);
    const part = (id: string) => platform.refreshCatalog(DEVICE_ID, undefined, { id });
    expect(await part('340200')).toEqual({ sumNum: 1, received: 1, complete: true });
    expect(await part('110000')).toEqual({ sumNum: 0, received: 0, complete: true });
    expect(platform.channels(DEVICE_ID)).toHaveLength(1);
    const since = { fromMs: Date.now() };
    expect(await platform.refreshCatalog(DEVICE_ID, undefined, since)).toMatchObject({ sumNum: 0 });
  });

  test('the alarms that a device has kept, by their conditions', async () => {
    const { platform: asking, camera: alarming } = await openPair();
    const alarmedAt = Math.floor(Date.now() / 1_000) * 1_000 - 60_000;
    const motion = { priority: 3, method: 5, type: 2, eventType: 0, alarmedAt, description: '移动' };
    const lost = { ...motion, priority: 1, method: 2, type: 1, alarmedAt: alarmedAt + 30_000, description: '' };
    await alarming.alarm(CHANNEL_ID, motion);
    await alarming.alarm(CHANNEL_ID, lost);
    const told = [motion, lost].map((alarm) => ({ ...alarm, channelId: CHANNEL_ID }));
    expect(await asking.queries.alarms(OWN)).toEqual({ items: told, sumNum: 2, complete: true });
    const found = async (conditions: AlarmConditions) =>
      (await asking.queries.alarms(TARGET, conditions)).items.map(({ method }) => method);
    expect(await found({ startPriority: 1, endPriority: 2 })).toEqual([2]);
    expect(await found({ alarmMethod: '5/6' })).toEqual([5]);
    expect(await found({ alarmMethod: '2', alarmType: '3' })).toEqual([]);
    expect(await found({ fromMs: alarmedAt, toMs: alarmedAt })).toEqual([5]);
    // What came by itself is kept once, the answer not at all.
    expect(asking.reports.alarms.list({}, { page: 1, limit: 10 }).total).toBe(2);
  });

  test.each([
    { quirks: [], form: 'a list (2022)' },
    { quirks: ['gb-2016'], form: 'flat (2016)' },
  ])('where a device is: $form; kept as its position', async ({ quirks }) => {
    const { platform: asking } = await openPair({ quirks, place: { longitude: 118.38, latitude: 31.33 } });
    const { items, complete } = await asking.queries.positions(TARGET, 5);
    expect(items).toMatchObject([{ id: CHANNEL_ID, longitude: 118.38, latitude: 31.33 }]);
    expect(complete).toBe(true);
    expect(asking.reports.positions.get(DEVICE_ID, CHANNEL_ID)).toMatchObject({ longitude: 118.38 });
    expect(await asking.queries.positions(OWN, 5)).toMatchObject({ sumNum: 1 });
    await expect(platform.queries.positions(TARGET, 5)).rejects.toMatchObject({ code: 'device_refused' });
  });

  test('information of the device', async () => {
    expect(await platform.queries.info(OWN)).toMatchObject({ manufacturer: 'gbrtc', channels: 1 });
  });

  test('a reboot: away and back', async () => {
    const offline = new Promise((resolve) => platform.once('deviceOffline', resolve));
    const online = new Promise((resolve) => platform.once('deviceOnline', resolve));
    expect(await platform.controls.run(OWN, { kind: 'reboot' })).toMatchObject({ outcome: 'sent' });
    await Promise.all([offline, online]);
  });

  test('an upgrade: loaded, restarted, reported', async () => {
    const server = createServer((_req, res) => res.end('firmware'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const fileUrl = `http://127.0.0.1:${port}/fw.bin`;
    const order = { firmware: 'V2.0.1', fileUrl, manufacturer: 'gbrtc' };
    await platform.upgrades.start(OWN, order);
    await expect.poll(() => platform.upgrades.get(DEVICE_ID)?.state).toBe('done');
    expect(await platform.queries.info(OWN)).toMatchObject({ firmware: 'V2.0.1' });
    await platform.upgrades.start(OWN, { ...order, fileUrl: 'http://127.0.0.1:1/none' });
    await expect.poll(() => platform.upgrades.get(DEVICE_ID)?.state).toBe('failed');
    expect(platform.upgrades.get(DEVICE_ID)?.failedReason).toBe('01');
  });
});

describe('snapshots, uploaded over HTTP', () => {
  test.each([
    { quirk: [], state: 'complete', pictures: 2 },
    { quirk: ['snapshot-multipart'], state: 'complete', pictures: 2 },
    { quirk: ['snapshot-partial'], state: 'partial', pictures: 1 },
    { quirk: ['no-control-response'], state: 'complete', pictures: 2 },
  ])('$quirk: $state', async ({ quirk, state, pictures }) => {
    const { platform } = await openPair({ quirks: quirk });
    const api = await openApi({}, { platform, snapshots: createSnapshots(platform, new MemorySnapshotStore()) });
    open.push(() => api.close());
    const order = await api.send('POST', `/api/v1/devices/${DEVICE_ID}/channels/${CHANNEL_ID}/snapshots`, { count: 2 });
    expect(order.status).toBe(202);
    const { id } = (await order.json()) as { id: string };
    const session = async () => (await (await api.get(`/api/v1/snapshot-sessions/${id}`)).json()) as { state: string };
    await expect.poll(async () => (await session()).state).toBe(state);
    const list = (await (await api.get('/api/v1/snapshots')).json()) as { items: Array<{ id: string }>; total: number };
    expect(list.total).toBe(pictures);
    const picture = await api.get(`/api/v1/snapshots/${list.items[0]?.id}/picture`);
    expect(picture.headers.get('Content-Type')).toBe('image/jpeg');
    expect(Buffer.from(await picture.arrayBuffer()).subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
  });
});

describe('quirks of the virtual camera', () => {
  test('quirk: a device of 2016 takes what is forced and stays silent', async () => {
    const { platform } = await openPair({ quirks: ['gb-2016'] });
    expect(platform.device(DEVICE_ID)?.gbVersion).toBe('2.0');
    await expect(platform.queries.ptzPosition(TARGET)).rejects.toMatchObject({ code: 'edition_unsupported' });
    await expect(platform.queries.ptzPosition(TARGET, { force: true })).rejects.toMatchObject({
      code: 'device_no_response',
    });
    expect(platform.capabilities(DEVICE_ID)).toContainEqual(
      expect.objectContaining({ command: 'PTZPosition', outcome: 'unanswered' }),
    );
  });

  test('quirk: HomePosition of Dahua, position of Hikvision, configuration of Uniview and Dahua', async () => {
    const dahua = await openPair({ quirks: ['dahua-home-position', 'uniview-config-name', 'dahua-device-config'] });
    expect(await dahua.platform.queries.homePosition(TARGET)).toEqual({ enabled: false });
    const home = { enabled: true };
    await dahua.platform.controls.run(TARGET, { kind: 'home_position', home });
    expect(await dahua.platform.queries.homePosition(TARGET)).toEqual({ enabled: false });
    expect((await dahua.platform.configs.read(OWN, ['AlarmReport'])).values).toEqual({
      AlarmReport: { motionDetection: true, fieldDetection: false },
    });
    await expect(dahua.platform.configs.write(TARGET, { FrameMirror: 1 })).rejects.toMatchObject({
      code: 'device_refused',
    });
    const hik = await openPair({ quirks: ['hik-no-position'] });
    const precise = { kind: 'precise_ptz', position: { pan: 9 } } as const;
    expect(await hik.platform.controls.run(TARGET, precise)).toMatchObject({ outcome: 'sent' });
    await expect(hik.platform.queries.ptzPosition(TARGET)).rejects.toMatchObject({ code: 'device_refused' });
  });
});
