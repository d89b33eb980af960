import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { memoryReportStores, REPORTS } from '../../test/support/report-stores.ts';
import {
  alarmNotify,
  catalogNotify,
  catalogResponse,
  EMPTY_CATALOG_ITEM,
  formatManscdp,
  positionNotify,
  type Alarm,
  type AlarmFacts,
  type CatalogEvent,
  type ManscdpParts,
  type Position,
} from './index.ts';
import { DEVICE_ID, openHarness, type FakeCamera, type Harness } from './testing/harness.ts';

const NOW = Date.UTC(2026, 2, 1, 2, 0, 0);
const CHANNEL = '34020000001310000001';

let harness: Harness;
let camera: FakeCamera;
const alarms: Alarm[] = [];
const positions: Position[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ now: NOW });
  harness = await openHarness({ reports: { ...REPORTS, alarms: { ...REPORTS.alarms, perMinute: 100 } } });
  alarms.length = 0;
  positions.length = 0;
  harness.platform.reports.alarms.on('alarm', (alarm) => alarms.push(alarm));
  harness.platform.reports.positions.on('positions', (more) => positions.push(...more));
  camera = harness.camera();
  camera.register();
  harness.engine.sent.length = 0;
});
afterEach(async () => {
  await harness.platform.close();
  vi.useRealTimers();
});

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000);
const notify = (parts: ManscdpParts) =>
  camera.send({ method: 'NOTIFY', headers: [['Event', 'presence']], body: formatManscdp(parts, 'gb18030') });

describe('alarms', () => {
  const facts: AlarmFacts = { priority: 1, method: 5, type: 2, eventType: 0, alarmedAt: NOW, description: '移动' };
  const send = (sn: number, more: Partial<AlarmFacts> = {}) =>
    camera.message(alarmNotify(sn, CHANNEL, { ...facts, ...more }));

  test('of a MESSAGE: SIP 200, then a Response of its SN; kept and told', async () => {
    expect(send(61).status).toBe(200);
    await seconds(0);
    expect(harness.sentCommands('Alarm')).toMatchObject([{ root: 'Response', sn: 61, deviceId: CHANNEL }]);
    expect(harness.sentCommands('Alarm')[0]?.body.field('Result')).toBe('OK');
    const kept = { ...facts, id: 1, deviceId: DEVICE_ID, channelId: CHANNEL, receivedAt: NOW, snapshot: 'none' };
    expect(alarms).toEqual([kept]);
    expect(harness.platform.reports.alarms.list({}, { page: 1, limit: 10 })).toEqual({
      items: [kept],
      total: 1,
      unacknowledged: 1,
    });
  });

  test('of a NOTIFY: no Response', async () => {
    expect(notify(alarmNotify(61, CHANNEL, facts)).status).toBe(200);
    await seconds(0);
    expect(harness.engine.sent).toEqual([]);
    expect(alarms).toHaveLength(1);
  });

  test('the same again, as NOTIFY and as MESSAGE: answered again, kept once', async () => {
    send(61);
    send(61);
    notify(alarmNotify(61, CHANNEL, facts));
    send(62);
    await seconds(0);
    expect(harness.sentCommands('Alarm').map(({ sn }) => sn)).toEqual([61, 61, 62]);
    expect(alarms.map(({ id }) => id)).toEqual([1, 2]);
    expect(harness.platform.reports.alarms.counters).toMatchObject({ received: 2, repeated: 2 });
  });

  test('a flood of one device is kept up to its share and counted beyond it', async () => {
    for (let sn = 1; sn <= 1_000; sn += 1) send(sn);
    await seconds(0);
    expect(alarms).toHaveLength(100);
    expect(harness.platform.reports.alarms.counters).toMatchObject({ received: 100, dropped: 900 });
    await seconds(61);
    send(5_000);
    expect(alarms).toHaveLength(101);
  });

  test('without a time or with no channel: when it came, of the device', () => {
    camera.raw('<Notify><CmdType>Alarm</CmdType><SN>1</SN></Notify>');
    expect(alarms).toMatchObject([{ channelId: DEVICE_ID, alarmedAt: NOW, priority: 0, method: 0 }]);
  });

  test('method 4 with coordinates is a position too', async () => {
    send(1, { method: 4, longitude: 118.38, latitude: 31.33 });
    send(2, { method: 5, longitude: 1, latitude: 2 });
    await seconds(1);
    expect(positions).toMatchObject([{ channelId: CHANNEL, longitude: 118.38, latitude: 31.33, at: NOW }]);
  });

  test('acknowledged once, by who comes first; all of a filter at once', () => {
    for (let sn = 1; sn <= 5; sn += 1) send(sn, { priority: sn });
    const { alarms: list } = harness.platform.reports;
    expect(list.acknowledge(2, 'anna')).toMatchObject({ acknowledgedBy: 'anna', acknowledgedAt: NOW });
    expect(list.acknowledge(2, 'bert')).toMatchObject({ acknowledgedBy: 'anna' });
    expect(list.acknowledge(99, 'bert')).toBeUndefined();
    expect(list.acknowledgeAll({ priority: 3 }, 'bert')).toBe(1);
    expect(list.counters.unacknowledged).toBe(3);
    expect(list.list({ acknowledged: false }, { page: 1, limit: 2 })).toMatchObject({
      total: 3,
      items: [{ id: 5 }, { id: 4 }],
    });
  });

  test('snapshots: taken, refused with a reason while one of the channel is fresh, failed with the code', async () => {
    const { alarms: list } = harness.platform.reports;
    const changed: Alarm[] = [];
    list.on('changed', (alarm) => changed.push(alarm));
    list.takeSnapshotsWith(() => Promise.resolve(Buffer.from('jpeg')));
    send(1);
    send(2);
    await seconds(6);
    list.takeSnapshotsWith(() => Promise.reject(new Error('broken')));
    send(3);
    await seconds(0);
    expect(changed.map(({ id, snapshot, snapshotReason }) => ({ id, snapshot, snapshotReason }))).toEqual([
      { id: 2, snapshot: 'failed', snapshotReason: 'too_soon' },
      { id: 1, snapshot: 'taken', snapshotReason: undefined },
      { id: 3, snapshot: 'failed', snapshotReason: 'internal_error' },
    ]);
    expect(list.snapshot(1)?.toString()).toBe('jpeg');
    expect(list.counters).toMatchObject({ snapshotsTaken: 1, snapshotsFailed: { too_soon: 1, internal_error: 1 } });
  });
});

describe('positions', () => {
  const at = (offsetSec: number, longitude = 118) => ({
    id: CHANNEL,
    at: NOW + offsetSec * 1000,
    longitude,
    latitude: 31,
  });
  const track = () =>
    harness.platform.reports.positions
      .track({ deviceId: DEVICE_ID, channelId: CHANNEL }, { from: 0, to: NOW * 2, limit: 100 })
      .map((position) => (position.at - NOW) / 1000);

  test('by NOTIFY and by MESSAGE, in both forms: the latest, a track, and one event a second', async () => {
    notify(positionNotify(1, { form: 'flat', deviceId: CHANNEL, position: at(0) }));
    camera.message(positionNotify(2, { form: 'list', deviceId: CHANNEL, position: at(5, 119) }));
    expect(positions).toEqual([]);
    await seconds(1);
    expect(positions).toMatchObject([{ channelId: CHANNEL, longitude: 119, at: NOW + 5_000 }]);
    expect(harness.platform.reports.positions.get(DEVICE_ID, CHANNEL)).toMatchObject({ longitude: 119 });
    expect(track()).toEqual([0, 5]);
  });

  test('what was gathered while away is in the track and does not move the device back', async () => {
    notify(positionNotify(1, { form: 'flat', deviceId: CHANNEL, position: at(60) }));
    notify(positionNotify(2, { form: 'flat', deviceId: CHANNEL, position: at(-60, 100) }));
    await seconds(1);
    expect(harness.platform.reports.positions.list()).toMatchObject([{ longitude: 118 }]);
    expect(track()).toEqual([-60, 60]);
  });

  test('quirk: a clock a day ahead, or none, is the time of arrival', () => {
    notify(positionNotify(1, { form: 'flat', deviceId: CHANNEL, position: at(86_400) }));
    expect(track()).toEqual([0]);
  });

  test('a flood of positions: one point of the track a second, one event a second, all counted', async () => {
    for (let n = 0; n < 5_000; n += 1)
      notify(positionNotify(n, { form: 'flat', deviceId: CHANNEL, position: at(0, n / 128 + 1) }));
    await seconds(1);
    expect(positions).toHaveLength(1);
    expect(track()).toHaveLength(1);
    expect(harness.platform.reports.positions.counters).toMatchObject({ received: 5_000, dropped: 0 });
  });

  test('the latest place is there after a restart, and gone with the device', async () => {
    const reportStores = memoryReportStores();
    const first = await openHarness({ reportStores });
    const mobile = first.camera();
    mobile.register();
    mobile.message(positionNotify(1, { form: 'flat', deviceId: CHANNEL, position: at(0) }));
    await first.platform.close();
    const second = await openHarness({ reportStores, store: first.store });
    expect(second.platform.reports.positions.get(DEVICE_ID, CHANNEL)).toMatchObject({ longitude: 118 });
    second.platform.removeDevice(DEVICE_ID);
    expect(second.platform.reports.positions.list()).toEqual([]);
    expect(reportStores.positions.latest()).toEqual([]);
    await second.platform.close();
  });
});

describe('catalogue by NOTIFY', () => {
  const item = (n: number, more = {}) => ({
    ...EMPTY_CATALOG_ITEM,
    id: `3402000000131${String(n).padStart(7, '0')}`,
    name: `Camera ${n}`,
    parentIdText: DEVICE_ID,
    ...more,
  });
  const change = (event: CatalogEvent, n: number, more = {}) => ({ event, item: item(n, more) });
  const send = (...changes: Array<ReturnType<typeof change>>) => notify(catalogNotify(1, DEVICE_ID, changes));
  const update = (fields: string) =>
    camera.raw(
      `<Notify><CmdType>Catalog</CmdType><SN>2</SN><DeviceID>${DEVICE_ID}</DeviceID><DeviceList Num="1"><Item><DeviceID>${item(1).id}</DeviceID><Event>UPDATE</Event>${fields}</Item></DeviceList></Notify>`,
    );
  const states = () =>
    harness.platform.channels(DEVICE_ID).map(({ id, name, status }) => `${Number(id.slice(13))} ${name} ${status}`);

  test('ADD, UPDATE, OFF, ON, VLOST, DEFECT, DEL: applied, stored, told', async () => {
    const told: string[] = [];
    harness.platform.on('catalogChanged', (id, { received }) => told.push(`${id} ${received}`));
    send(change('ADD', 1), change('ADD', 2), change('ADD', 3), change('ADD', 4));
    await seconds(1);
    expect(states()).toEqual(['1 Camera 1 ON', '2 Camera 2 ON', '3 Camera 3 ON', '4 Camera 4 ON']);
    send(change('OFF', 1), change('VLOST', 2), change('DEFECT', 3), change('DEL', 4), change('OFF', 9));
    await seconds(1);
    expect(states()).toEqual(['1 Camera 1 OFF', '2 Camera 2 OFF', '3 Camera 3 OFF']);
    send(change('ON', 1), change('UPDATE', 2, { name: 'Gate', status: 'ON' }));
    await seconds(1);
    expect(states()).toEqual(['1 Camera 1 ON', '2 Gate ON', '3 Camera 3 OFF']);
    expect(told).toEqual([`${DEVICE_ID} 4`, `${DEVICE_ID} 3`, `${DEVICE_ID} 2`]);
    expect(harness.platform.device(DEVICE_ID)?.channelCount).toBe(3);
    const stored = [...(harness.store.channelsOf.get(DEVICE_ID)?.values() ?? [])];
    expect(stored.map(({ name, status }) => `${name} ${status}`)).toEqual(['Camera 1 ON', 'Gate ON', 'Camera 3 OFF']);
    expect(harness.platform.reports.counters.catalog).toMatchObject({
      unknown: 1,
      applied: 3,
      received: { OFF: 2, DEL: 1 },
    });
  });

  test('an UPDATE of a part leaves the rest as it was', async () => {
    send(change('ADD', 1, { manufacturer: 'ACME' }));
    await seconds(1);
    update('<Name>Yard</Name>');
    await seconds(1);
    expect(harness.platform.channels(DEVICE_ID)).toMatchObject([{ name: 'Yard', manufacturer: 'ACME', kind: 'video' }]);
  });

  test('an UPDATE of one detail leaves the others', async () => {
    send(change('ADD', 1, { details: { RoomType: '1', DirectionType: '3' } }));
    await seconds(1);
    update('<Info><DirectionType>4</DirectionType></Info>');
    update('<MAC>00-11-22-33-44-55</MAC>');
    await seconds(1);
    const details = { RoomType: '1', DirectionType: '4', MAC: '00-11-22-33-44-55' };
    expect(harness.platform.channels(DEVICE_ID)).toMatchObject([{ details }]);
    expect([...(harness.store.channelsOf.get(DEVICE_ID)?.values() ?? [])]).toMatchObject([{ details }]);
  });

  test('an UPDATE of a part does not switch on what is off, before it or with it', async () => {
    send(change('ADD', 1), change('OFF', 1));
    await seconds(1);
    update('<Name>Yard</Name>');
    await seconds(1);
    expect(states()).toEqual(['1 Yard OFF']);
    update('<Status>ON</Status>');
    await seconds(1);
    expect(states()).toEqual(['1 Yard ON']);
    send(change('OFF', 1));
    update('<Name>Gate</Name>');
    update('<Owner>City</Owner>');
    await seconds(1);
    expect(states()).toEqual(['1 Gate OFF']);
    expect(harness.platform.channels(DEVICE_ID)[0]?.owner).toBe('City');
  });

  test('an UPDATE under the name and position of an operator is what the device says from then on', async () => {
    send(change('ADD', 1, { longitude: 1, latitude: 2 }));
    await seconds(1);
    harness.platform.overrideChannel(DEVICE_ID, item(1).id, { name: 'Gate', longitude: 8, latitude: 9 });
    update('<Name>Yard</Name><Longitude>3</Longitude><Latitude>4</Latitude>');
    await seconds(1);
    const told = { name: 'Yard', longitude: 3, latitude: 4 };
    expect(harness.platform.channels(DEVICE_ID)).toMatchObject([{ name: 'Gate', longitude: 8, latitude: 9, told }]);
    expect([...(harness.store.channelsOf.get(DEVICE_ID)?.values() ?? [])]).toMatchObject([told]);
    expect(harness.platform.overrideChannel(DEVICE_ID, item(1).id, {})).toMatchObject(told);
  });

  test('VLOST and DEFECT stand beside OFF until ON, OFF, an UPDATE with a state or a catalogue says otherwise', async () => {
    const faults = () => harness.platform.channels(DEVICE_ID).map(({ status, fault }) => [status, fault]);
    send(change('ADD', 1), change('ADD', 2), change('ADD', 3));
    await seconds(1);
    send(change('VLOST', 1), change('DEFECT', 2), change('VLOST', 3));
    await seconds(1);
    expect(faults()).toEqual([
      ['OFF', 'VLOST'],
      ['OFF', 'DEFECT'],
      ['OFF', 'VLOST'],
    ]);
    const stored = [...(harness.store.channelsOf.get(DEVICE_ID)?.values() ?? [])];
    expect(stored.map(({ fault }) => fault)).toEqual(['VLOST', 'DEFECT', 'VLOST']);
    update('<Name>Yard</Name>');
    send(change('DEFECT', 3));
    await seconds(1);
    expect(faults()).toEqual([
      ['OFF', 'VLOST'],
      ['OFF', 'DEFECT'],
      ['OFF', 'DEFECT'],
    ]);
    update('<Status>ON</Status>');
    send(change('OFF', 2), change('ON', 3));
    await seconds(1);
    expect(faults()).toEqual([
      ['ON', undefined],
      ['OFF', undefined],
      ['ON', undefined],
    ]);
    update('<Status>VLOST</Status>');
    await seconds(1);
    expect(faults()[0]).toEqual(['OFF', 'VLOST']);
    // The query of before, which nobody answers, has had its time.
    await seconds(125);
    camera.keepalive();
    const refreshed = harness.platform.refreshCatalog(DEVICE_ID);
    await seconds(0);
    const sn = harness.sentCommands('Catalog').at(-1)?.sn ?? 0;
    camera.message(catalogResponse(sn, DEVICE_ID, { sumNum: 1, items: [item(1)] }));
    await refreshed;
    expect(faults()).toEqual([['ON', undefined]]);
  });

  test('what one channel is told within a moment counts in order', async () => {
    send(change('ADD', 1));
    send(change('OFF', 1));
    send(change('ADD', 2));
    send(change('DEL', 2));
    await seconds(1);
    expect(states()).toEqual(['1 Camera 1 OFF']);
  });

  test('quirk: states that are wrong (Hikvision) are left aside where the operator says so', async () => {
    send(change('ADD', 1));
    await seconds(1);
    harness.platform.updateSettings(DEVICE_ID, { subscriptions: { catalog: false } });
    send(change('OFF', 1));
    await seconds(1);
    expect(states()).toEqual(['1 Camera 1 ON']);
  });
});

test('a device that wants to be seen, and one that tells where it looks', () => {
  const told: unknown[] = [];
  harness.platform.on('videoUpload', (request) => told.push(request));
  harness.platform.on('ptzPosition', (position) => told.push(position));
  camera.raw(`<Notify><CmdType>VideoUploadNotify</CmdType><SN>1</SN><DeviceID>${CHANNEL}</DeviceID></Notify>`);
  camera.raw(`<Notify><CmdType>PTZPosition</CmdType><SN>2</SN><DeviceID>${CHANNEL}</DeviceID><Pan>1</Pan></Notify>`);
  expect(told).toEqual([
    { deviceId: DEVICE_ID, channelId: CHANNEL },
    { deviceId: DEVICE_ID, channelId: CHANNEL, pan: 1 },
  ]);
});
