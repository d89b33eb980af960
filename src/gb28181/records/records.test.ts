import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  formatManscdp,
  parseGbTime,
  parseManscdp,
  parseRecordInfoPart,
  parseRecordInfoQuery,
  recordInfoQuery,
  recordInfoResponse,
  type Manscdp,
  type RecordItem,
  type RecordList,
} from '../index.ts';
import { CAMERA_ID, DEVICE_ID, settle, type FakeCamera, type Harness } from '../testing/harness.ts';
import { recordFile } from '../testing/questions.ts';
import { openQuiet } from '../testing/quiet-device.ts';

const at = (text: string): number => parseGbTime(text) ?? Number.NaN;
const FROM = at('2026-03-01T00:00:00');
const TO = at('2026-03-02T00:00:00');

const item = (start: string, end: string, more: Partial<RecordItem> = {}): RecordItem =>
  recordFile(at(start), at(end), more);

const minute = (n: number, more: Partial<RecordItem> = {}): RecordItem => {
  const startMs = FROM + n * 10_000;
  return recordFile(startMs, startMs + 10_000, more);
};

function parsed(xml: string): Manscdp {
  const message = parseManscdp(Buffer.from(xml));
  if (typeof message === 'string') throw new RangeError(message);
  return message;
}

describe('RecordInfo (GB/T 28181 8)', () => {
  test('quirk: the query always has Secrecy and Type (Dahua NVR), and Beijing time', () => {
    const query = { channelId: CAMERA_ID, fromMs: FROM, toMs: TO, type: 'alarm' as const };
    const body = formatManscdp(recordInfoQuery(301, query), 'gb18030');
    expect(body.toString('latin1')).toBe(
      '<?xml version="1.0" encoding="GB2312"?>\r\n' +
        `<Query><CmdType>RecordInfo</CmdType><SN>301</SN><DeviceID>${CAMERA_ID}</DeviceID>` +
        '<StartTime>2026-03-01T00:00:00</StartTime><EndTime>2026-03-02T00:00:00</EndTime>' +
        '<Secrecy>0</Secrecy><Type>alarm</Type></Query>\r\n',
    );
    expect(parseRecordInfoQuery(parsed(body.toString('latin1')))).toEqual(query);
  });

  test('the answer, both ways', () => {
    const items = [
      item('2026-03-01T00:00:00', '2026-03-01T01:00:00', {
        filePath: '1772294400_1772298000',
        address: 'store 1',
        fileSize: 734_003_200,
        recordLocation: DEVICE_ID,
        streamNumber: 1,
      }),
      item('2026-03-01T01:00:00', '2026-03-01T02:00:00', { type: 'all' }),
    ];
    const body = formatManscdp(recordInfoResponse(301, CAMERA_ID, { name: '大门', sumNum: 2, items }), 'gb18030');
    const message = parseManscdp(body);
    if (typeof message === 'string') throw new RangeError(message);
    expect(message.body.child('RecordList')?.attribute('Num')).toBe('2');
    expect(parseRecordInfoPart(message)).toEqual({ sumNum: 2, items, unreadable: [] });
  });

  test.each([
    { name: 'quirk: single digits', start: '2026-3-1T0:0:0', end: '2026-3-1T1:00:00' },
    { name: 'quirk: +08:00 (紫光华智)', start: '2026-03-01T00:00:00+08:00', end: '2026-03-01T01:00:00+08:00' },
    { name: 'quirk: UTC with Z', start: '2026-02-28T16:00:00Z', end: '2026-02-28T17:00:00Z' },
    { name: 'quirk: milliseconds and a blank', start: '2026-03-01 00:00:00.000', end: '2026-03-01 01:00:00.000' },
  ])('$name', ({ start, end }) => {
    const list = `<RecordList Num="1"><Item><StartTime>${start}</StartTime><EndTime>${end}</EndTime></Item></RecordList>`;
    const { items } = parseRecordInfoPart(
      parsed(`<Response><CmdType>RecordInfo</CmdType><SN>1</SN><SumNum>1</SumNum>${list}</Response>`),
    );
    expect(items).toMatchObject([{ startMs: FROM, endMs: FROM + 3_600_000 }]);
  });
});

describe('what a device has recorded', () => {
  let harness: Harness;
  let camera: FakeCamera;
  beforeEach(async () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 2, 3) });
    ({ harness, camera } = await openQuiet());
  });
  afterEach(async () => {
    await harness.platform.close();
    vi.useRealTimers();
  });

  async function ask() {
    const result = harness.platform.records({ deviceId: DEVICE_ID, channelId: CAMERA_ID, fromMs: FROM, toMs: TO });
    result.catch(() => undefined);
    await settle();
    const { sn = 0, deviceId } = harness.sentCommands('RecordInfo').at(-1) ?? {};
    expect(deviceId).toBe(CAMERA_ID);
    return { sn, result };
  }

  const answer = (sn: number, items: readonly RecordItem[], sumNum = items.length): void => {
    camera.message(recordInfoResponse(sn, CAMERA_ID, { name: '大门', sumNum, items }));
  };
  const spans = ({ segments }: RecordList): string[] =>
    segments.map(({ startMs, endMs, type }) => `${type} ${(startMs - FROM) / 1000}-${(endMs - FROM) / 1000}`);

  test('parts are merged, sorted, and joined for the timeline; the items stay', async () => {
    const { sn, result } = await ask();
    answer(sn, [minute(3), minute(1)], 4);
    answer(sn, [minute(0), minute(8)], 4);
    const list = await result;
    expect(list).toMatchObject({ complete: true, sumNum: 4, fromMs: FROM, toMs: TO });
    expect(list.items.map(({ startMs }) => (startMs - FROM) / 10_000)).toEqual([0, 1, 3, 8]);
    expect(spans(list)).toEqual(['time 0-20', 'time 30-40', 'time 80-90']);
  });

  test('overlaps are joined, alarms stay to be seen, kinds that meet are called recorded', async () => {
    const { sn, result } = await ask();
    answer(sn, [
      minute(0, { endMs: FROM + 60_000 }),
      minute(1, { endMs: FROM + 30_000, filePath: 'inside' }),
      minute(5, { endMs: FROM + 100_000, type: 'manual' }),
      minute(2, { type: 'alarm' }),
    ]);
    const list = await result;
    expect(spans(list)).toEqual(['all 0-100', 'alarm 20-30']);
    expect(list.items).toHaveLength(4);
  });

  test('nothing found: no list element (GB/T 28181 7.4)', async () => {
    const { sn, result } = await ask();
    answer(sn, []);
    expect(await result).toMatchObject({ complete: true, items: [], segments: [], sumNum: 0 });
  });

  test('a device that refuses says so', async () => {
    const { sn, result } = await ask();
    camera.raw(
      `<Response><CmdType>RecordInfo</CmdType><SN>${sn}</SN><DeviceID>${CAMERA_ID}</DeviceID><Result>ERROR</Result></Response>`,
    );
    await expect(result).rejects.toMatchObject({ code: 'device_refused' });
  });

  test('conditions of 2022 go to a device of 2016 only by force; those of both editions always', async () => {
    const query = { deviceId: DEVICE_ID, channelId: CAMERA_ID, fromMs: FROM, toMs: TO };
    const { platform } = harness;
    await expect(platform.records({ ...query, streamNumber: 1 })).rejects.toMatchObject({
      code: 'edition_unsupported',
    });
    expect(harness.sentCommands('RecordInfo')).toEqual([]);
    for (const conditions of [{ address: 'store' }, { streamNumber: 1, force: true }]) {
      const result = platform.records({ ...query, ...conditions });
      await settle();
      answer(harness.sentCommands('RecordInfo').at(-1)!.sn, []);
      await result;
    }
    const sent = harness
      .sentCommands('RecordInfo')
      .map(({ body }) => [body.field('Address'), body.field('StreamNumber')]);
    expect(sent).toEqual([
      ['store', ''],
      ['', '1'],
    ]);
  });
});
