import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { finish } from '../util/index.ts';
import { resolveParents } from './catalogue/tree.ts';
import { codeOf } from './commander.ts';
import {
  catalogResponse,
  EMPTY_CATALOG_ITEM,
  kindOfItem,
  resultResponse,
  type CatalogItem,
  type CatalogResult,
} from './index.ts';
import { DEVICE_ID, openHarness, settle, type FakeCamera, type Harness } from './testing/harness.ts';
import { catalogItem } from './testing/questions.ts';
import { registerQuietly } from './testing/quiet-device.ts';

let harness: Harness;
let camera: FakeCamera;
beforeEach(async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 2, 1) });
  harness = await openHarness();
  camera = harness.camera();
});
afterEach(async () => {
  await harness.platform.close();
  vi.useRealTimers();
});

const idOf = (index: number, type = 132): string => `3402000000${type}${String(index).padStart(7, '0')}`;

/** Registers, swallows the automatic questions, and starts a query of our own. */
async function query(): Promise<{ sn: number; result: Promise<CatalogResult> }> {
  if (harness.platform.device(DEVICE_ID)?.online !== true) await registerQuietly(harness, camera);
  harness.engine.sent.length = 0;
  const result = harness.platform.refreshCatalog(DEVICE_ID);
  result.catch(() => undefined);
  await settle();
  return { sn: harness.sentCommands('Catalog')[0]!.sn, result };
}

function answer(sn: number, items: readonly CatalogItem[], sumNum = items.length): void {
  camera.message(catalogResponse(sn, DEVICE_ID, { sumNum, items }));
}

const ids = (): string[] => harness.platform.channels(DEVICE_ID).map((channel) => channel.id);

describe('catalogue query', () => {
  test('parts are gathered by SN until SumNum distinct items are here', async () => {
    const { sn, result } = await query();
    answer(sn, [catalogItem(1), catalogItem(2)], 3);
    answer(sn, [catalogItem(2)], 3);
    answer(sn + 1, [catalogItem(9)], 1);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(ids()).toEqual([]);
    answer(sn, [catalogItem(3)], 3);
    expect(await result).toEqual({ sumNum: 3, received: 3, complete: true });
    expect(harness.platform.channels()).toMatchObject([
      { deviceId: DEVICE_ID, name: '摄像机 1', parentId: DEVICE_ID, kind: 'video', status: 'ON' },
      { name: '摄像机 2' },
      { name: '摄像机 3' },
    ]);
    expect(harness.platform.device(DEVICE_ID)?.channelCount).toBe(3);
    expect(harness.platform.findChannel(idOf(2))).toMatchObject({ deviceId: DEVICE_ID, id: idOf(2) });
    expect(harness.store.loadChannels()).toHaveLength(3);
  });

  test('quirk: one item per packet (Dahua), 500 of them', async () => {
    const { sn, result } = await query();
    for (let index = 0; index < 500; index += 1) {
      answer(sn, [catalogItem(index)], 500);
      if (index % 100 === 0) await vi.advanceTimersByTimeAsync(4_000);
    }
    expect(await result).toEqual({ sumNum: 500, received: 500, complete: true });
  });

  test('quirk: the first reply comes after 110 s', async () => {
    const { sn, result } = await query();
    await vi.advanceTimersByTimeAsync(110_000);
    answer(sn, [catalogItem(1)]);
    expect((await result).complete).toBe(true);
  });

  test('no reply at all fails after two minutes and keeps what was known', async () => {
    const first = await query();
    answer(first.sn, [catalogItem(1)]);
    await first.result;
    const { result } = await query();
    await vi.advanceTimersByTimeAsync(60_000);
    camera.keepalive();
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(result).rejects.toMatchObject({ code: 'device_no_response' });
    expect(ids()).toEqual([idOf(1)]);
  });

  test('a vanished channel is swept only when the answer is complete', async () => {
    const first = await query();
    answer(first.sn, [catalogItem(1), catalogItem(2)]);
    await first.result;
    const second = await query();
    answer(second.sn, [catalogItem(2, { name: 'new' })], 3);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await second.result).toEqual({ sumNum: 3, received: 1, complete: false });
    expect(ids()).toEqual([idOf(1), idOf(2)]);
    expect(harness.platform.channel(DEVICE_ID, idOf(2))?.name).toBe('new');
    const third = await query();
    answer(third.sn, [catalogItem(3)]);
    await third.result;
    expect(ids()).toEqual([idOf(3)]);
    expect(harness.store.loadChannels().map(({ id }) => id)).toEqual([idOf(3)]);
  });

  test.each([
    {
      name: 'SumNum 0 beside items',
      items: [catalogItem(1)],
      sumNum: 0,
      result: { sumNum: 0, received: 1, complete: false },
    },
    {
      name: 'SumNum too large (hidden channels)',
      items: [catalogItem(1)],
      sumNum: 9,
      result: { sumNum: 9, received: 1, complete: false },
    },
    { name: 'nothing found', items: [], sumNum: 0, result: { sumNum: 0, received: 0, complete: true } },
  ])('quirk: $name', async ({ items, sumNum, result: expected }) => {
    const { sn, result } = await query();
    answer(sn, items, sumNum);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await result).toEqual(expected);
  });

  test('one query at a time per device; a caller that gives up does not stop it for the other', async () => {
    const { sn, result } = await query();
    const controller = new AbortController();
    const second = harness.platform.refreshCatalog(DEVICE_ID, controller.signal);
    await settle();
    expect(harness.sentCommands('Catalog')).toHaveLength(1);
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'request_aborted' });
    answer(sn, [catalogItem(1)]);
    expect((await result).received).toBe(1);
  });

  test('a refused or unreachable device fails at once', async () => {
    await query();
    await vi.advanceTimersByTimeAsync(125_000);
    camera.keepalive();
    harness.engine.answer = () => ({ status: 400 });
    await expect(harness.platform.refreshCatalog(DEVICE_ID)).rejects.toMatchObject({
      code: 'device_refused',
      status: 400,
    });
    harness.engine.answer = () => new RangeError('no route');
    await expect(harness.platform.refreshCatalog(DEVICE_ID)).rejects.toMatchObject({ code: 'device_unreachable' });
  });

  test('late parts after the end change nothing', async () => {
    const { sn, result } = await query();
    answer(sn, [catalogItem(1)]);
    await result;
    answer(sn, [catalogItem(2)]);
    expect(ids()).toEqual([idOf(1)]);
  });
});

describe('quirk: items', () => {
  async function received(...items: CatalogItem[]): Promise<void> {
    const { sn, result } = await query();
    answer(sn, items);
    await result;
  }
  /** Answers with an item in a device's own words. */
  async function receivedXml(fields: string, list = 'DeviceList', cmdType = 'Catalog'): Promise<void> {
    const { sn, result } = await query();
    camera.raw(
      `<Response><CmdType>${cmdType}</CmdType><SN>${sn}</SN><DeviceID>${DEVICE_ID}</DeviceID><SumNum>1</SumNum><${list} Num="1"><Item>${fields}</Item></${list}></Response>`,
    );
    await vi.advanceTimersByTimeAsync(5_000);
    await result;
  }

  test('quirk: channel ID equals device ID', async () => {
    await received(catalogItem(1, { id: DEVICE_ID, parentIdText: DEVICE_ID }));
    expect(harness.platform.channels(DEVICE_ID)).toMatchObject([{ id: DEVICE_ID, parentId: DEVICE_ID, kind: 'video' }]);
  });

  test('quirk: an NVR that lists itself beside its cameras is no camera', async () => {
    await received(catalogItem(1, { id: DEVICE_ID, parentIdText: '' }), catalogItem(1));
    expect(harness.platform.channels().map(({ id, kind }) => [id, kind])).toEqual([
      [DEVICE_ID, 'other'],
      [idOf(1), 'video'],
    ]);
  });

  test('quirk: empty channel ID is left out, a short and an 18-digit one stay', async () => {
    await received(catalogItem(1, { id: '7' }), catalogItem(1, { id: '340200001320000001' }), catalogItem(1));
    await receivedXml('<DeviceID></DeviceID><Name>x</Name>');
    expect(ids()).toEqual(['7', '340200001320000001', idOf(1)]);
    expect(harness.platform.channel(DEVICE_ID, '7')?.kind).toBe('video');
  });

  test.each([
    ['ON', 'ON'],
    ['On', 'ON'],
    ['ONLINE', 'ON'],
    ['OK', 'ON'],
    ['1', 'ON'],
    ['', 'ON'],
    ['OFF', 'OFF'],
    ['Off', 'OFF'],
    ['OFFLINE', 'OFF'],
    ['0', 'OFF'],
  ])('quirk: Status "%s" is %s', async (text, status) => {
    await receivedXml(`<DeviceID>1</DeviceID><Status>${text}</Status>`);
    expect(harness.platform.channel(DEVICE_ID, '1')?.status).toBe(status);
  });

  test('quirk: Parental 65535 (Hikvision), blanks in numbers (TP-Link), an RTSP URL in IPAddress (Dahua)', async () => {
    await receivedXml(
      '<DeviceID>1</DeviceID><Parental>65535</Parental><Port> 80 00 </Port><Longitude></Longitude><IPAddress>rtsp://192.0.2.1/x</IPAddress>',
    );
    const expected = { parental: 65_535, port: 8_000, longitude: 0, ipAddress: 'rtsp://192.0.2.1/x' };
    expect(harness.platform.channel(DEVICE_ID, '1')).toMatchObject(expected);
  });

  test.each([
    { name: 'Info of 2016', fields: '<Info><PTZType>3</PTZType><BusinessGroupID>g</BusinessGroupID></Info>' },
    { name: 'ExtraInfo', fields: '<ExtraInfo><PTZType>3</PTZType><BusinessGroupID>g</BusinessGroupID></ExtraInfo>' },
    { name: 'top level of 2022', fields: '<BusinessGroupID>g</BusinessGroupID><Info><PTZType>3</PTZType></Info>' },
    { name: 'wrong case', fields: '<info><ptztype>3</ptztype></info><businessgroupid>g</businessgroupid>' },
  ])('quirk: extension fields as $name', async ({ fields }) => {
    await receivedXml(`<DeviceID>1</DeviceID>${fields}`);
    expect(harness.platform.channel(DEVICE_ID, '1')).toMatchObject({ ptzType: 3, businessGroupId: 'g' });
  });

  test.each([
    { name: 'in a list of that name', list: 'SensorCatalog', cmdType: 'Catalog' },
    { name: 'as a command of that name', list: 'DeviceList', cmdType: 'SensorCatalog' },
  ])('quirk: Uniview SensorCatalog $name, only Parental=1 is video', async ({ list, cmdType }) => {
    await receivedXml('<DeviceID>a1</DeviceID><Parental>1</Parental>', list, cmdType);
    expect(harness.platform.channel(DEVICE_ID, 'a1')?.kind).toBe('video');
    await receivedXml('<DeviceID>a2</DeviceID><Parental>0</Parental>', list, cmdType);
    expect(harness.platform.channel(DEVICE_ID, 'a2')?.kind).toBe('alarm');
  });

  test('quirk: names with unescaped & and <, in GB18030', async () => {
    await receivedXml('<DeviceID>1</DeviceID><Name>A & B <3 gate</Name><Model>M</Model>');
    expect(harness.platform.channel(DEVICE_ID, '1')).toMatchObject({ name: 'A & B <3 gate', model: 'M' });
  });

  test('a stand-alone camera with an empty catalogue is its own channel', async () => {
    camera = harness.camera(idOf(1));
    await registerQuietly(harness, camera);
    const result = harness.platform.refreshCatalog(camera.id);
    await settle();
    camera.message(catalogResponse(harness.sentCommands('Catalog').at(-1)!.sn, camera.id, { sumNum: 0, items: [] }));
    expect((await result).complete).toBe(true);
    expect(harness.platform.channels(camera.id)).toMatchObject([{ id: camera.id, kind: 'video' }]);
  });

  test('Result ERROR is a refusal at once; what was known stays, a stand-alone camera is its own channel', async () => {
    const refuse = (by: FakeCamera): void => {
      const { sn } = harness.sentCommands('Catalog').at(-1)!;
      by.message(resultResponse({ cmdType: 'Catalog', sn, deviceId: by.id }, false));
    };
    const first = await query();
    answer(first.sn, [catalogItem(1)]);
    await first.result;
    const { result } = await query();
    refuse(camera);
    await expect(result).rejects.toMatchObject({ code: 'device_refused' });
    expect(ids()).toEqual([idOf(1)]);
    const alone = harness.camera(idOf(2));
    alone.register();
    await settle();
    refuse(alone);
    await settle();
    expect(harness.platform.channels(alone.id)).toMatchObject([{ id: alone.id, kind: 'video' }]);
  });

  test('a part of a catalogue: asked behind the query that runs, the channels outside of it stay', async () => {
    const whole = await query();
    const part = harness.platform.refreshCatalog(DEVICE_ID, undefined, { id: '340200', fromMs: 0 });
    await settle();
    expect(harness.sentCommands('Catalog')).toHaveLength(1);
    answer(whole.sn, [catalogItem(1), catalogItem(2)]);
    await whole.result;
    await settle();
    const [, asked] = harness.sentCommands('Catalog');
    expect([asked?.deviceId, asked?.body.field('StartTime')]).toEqual(['340200', '1970-01-01T08:00:00']);
    answer(asked!.sn, [catalogItem(2, { name: 'renamed' }), catalogItem(3)]);
    expect(await part).toEqual({ sumNum: 2, received: 2, complete: true });
    expect(ids()).toEqual([idOf(1), idOf(2), idOf(3)]);
    expect(harness.platform.channel(DEVICE_ID, idOf(2))?.name).toBe('renamed');
    expect(harness.store.loadChannels()).toHaveLength(3);
  });

  test('bad input: parts of a catalogue asked for over and over: eight wait, more are refused, none is left', async () => {
    const { result } = await query();
    const parts = Array.from({ length: 20 }, () =>
      harness.platform.refreshCatalog(DEVICE_ID, undefined, { fromMs: 0 }),
    );
    const ends = Promise.allSettled([result, ...parts]);
    for (let turn = 0; turn < 8; turn += 1) {
      await settle();
      expect(harness.platform.counters.pending).toBe(1);
      answer(harness.sentCommands('Catalog').at(-1)!.sn, []);
    }
    const outcomes = (await ends).map((end) => (end.status === 'fulfilled' ? 'answered' : codeOf(end.reason)));
    expect(outcomes).toEqual([...Array(8).fill('answered'), ...Array(13).fill('too_many_requests_pending')]);
    expect(harness.platform.counters.pending).toBe(0);
    const again = await query();
    answer(again.sn, []);
    await again.result;
  });

  test('a device is found as its own channel without a catalogue', () => {
    camera.register();
    expect(harness.platform.findChannel(DEVICE_ID)).toMatchObject({ id: DEVICE_ID, deviceId: DEVICE_ID });
    expect([harness.platform.findChannel('none'), harness.platform.channel(DEVICE_ID, 'none')]).toEqual([
      undefined,
      undefined,
    ]);
    expect([harness.platform.channels('none'), harness.platform.channel('none', 'none')]).toEqual([[], undefined]);
  });
});

describe('tree', () => {
  const node = (id: string, parentIdText = '', more: Partial<CatalogItem> = {}): CatalogItem => ({
    ...EMPTY_CATALOG_ITEM,
    id,
    parentIdText,
    ...more,
  });
  const cases: Array<{ name: string; items: CatalogItem[]; parents: Record<string, string> }> = [
    { name: 'parent is the device', items: [node('a', 'D')], parents: { a: 'D' } },
    { name: 'quirk: parent absent (Hik NVR)', items: [node('a')], parents: { a: 'D' } },
    { name: 'quirk: parent is the item itself', items: [node('a', 'a')], parents: { a: 'D' } },
    { name: 'quirk: parent does not exist', items: [node('a', 'zz')], parents: { a: 'D' } },
    { name: 'quirk: a/b, the second one exists', items: [node('a', 'D/o'), node('o')], parents: { a: 'o', o: 'D' } },
    { name: 'quirk: a/b, the first one exists', items: [node('a', 'o/zz'), node('o')], parents: { a: 'o', o: 'D' } },
    { name: 'quirk: blanks and empty parts', items: [node('a', ' / o '), node('o')], parents: { a: 'o', o: 'D' } },
    {
      name: 'cycle of two is cut at one',
      items: [node('a', 'b'), node('b', 'a'), node('c', 'a')],
      parents: { a: 'b', b: 'D', c: 'a' },
    },
    {
      name: 'cycle of three below a branch',
      items: [node('x', 'a'), node('a', 'b'), node('b', 'c'), node('c', 'a')],
      parents: { x: 'a', a: 'b', b: 'c', c: 'D' },
    },
    {
      name: 'organisation without parent hangs on its group',
      items: [node('g'), node('o', '', { businessGroupId: 'g' })],
      parents: { g: 'D', o: 'g' },
    },
    {
      name: 'regions nest by their digits',
      items: [node('34'), node('340200'), node('cam', '', { civilCode: '34020001' }), node('cam2', '340200')],
      parents: { '34': 'D', '340200': '34', cam: '340200', cam2: '340200' },
    },
    {
      name: 'a CivilCode that is a word (Hikvision)',
      items: [node('a', '', { civilCode: 'CivilCode' })],
      parents: { a: 'D' },
    },
    { name: 'the device among its own items', items: [node('D', 'up'), node('a', 'D')], parents: { D: 'D', a: 'D' } },
  ];
  test.each(cases)('$name', ({ items, parents }) => {
    expect(Object.fromEntries(finish(resolveParents('D', items)))).toEqual(parents);
  });

  test('a chain of 20,000 and a ring of 20,000 are quick', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => node(`n${index}`, `n${index + 1}`));
    const ring = Array.from({ length: 20_000 }, (_, index) => node(`r${index}`, `r${(index + 1) % 20_000}`));
    const parents = finish(resolveParents('D', [...chain, ...ring]));
    expect([...parents.values()].filter((parent) => parent === 'D')).toHaveLength(2);
  });

  test.each([
    { id: idOf(1, 131), children: false, kind: 'video' },
    { id: idOf(1, 132), children: true, kind: 'video' },
    { id: idOf(1, 121), children: false, kind: 'video' },
    { id: idOf(1, 118), children: true, kind: 'other' },
    { id: idOf(1, 134), children: false, kind: 'alarm' },
    { id: idOf(1, 135), children: false, kind: 'alarm' },
    { id: idOf(1, 136), children: false, kind: 'audio' },
    { id: idOf(1, 137), children: false, kind: 'audio' },
    { id: idOf(1, 138), children: false, kind: 'other' },
    { id: idOf(1, 200), children: true, kind: 'system' },
    { id: idOf(1, 209), children: true, kind: 'system' },
    { id: idOf(1, 215), children: true, kind: 'group' },
    { id: idOf(1, 216), children: true, kind: 'organisation' },
    { id: '340200', children: true, kind: 'region' },
    { id: '34', children: false, kind: 'region' },
    { id: 'cam', children: false, kind: 'video' },
    { id: 'cam', children: true, kind: 'other' },
  ])('$id with children $children is $kind', ({ id, children, kind }) => {
    expect(kindOfItem(id, children)).toBe(kind);
  });
});
