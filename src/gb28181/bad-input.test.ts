import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { REPORTS } from '../../test/support/report-stores.ts';
import {
  alarmNotify,
  catalogNotify,
  catalogResponse,
  formatGbTime,
  formatManscdp,
  parseGbTime,
  positionNotify,
  ptzPositionNotify,
  recordInfoResponse,
  type ManscdpParts,
  type Platform,
  type RecordItem,
  type RecordList,
} from './index.ts';
import { fakeFlow } from './testing/fake-engine.ts';
import { CAMERA_ID, DEVICE_ID, openHarness, settle, type FakeCamera, type Harness } from './testing/harness.ts';
import {
  catalogItem,
  CRUISE_TRACK,
  LIST_QUESTIONS,
  PLAIN_QUESTIONS,
  recordFile,
  type ListQuestion,
  type PlainQuestion,
  type Question,
} from './testing/questions.ts';

const ALARMS_PER_MINUTE = 100;
/** A catalogue may take two minutes, a device may be silent for three. */
const EVER_MS = 600_000;

let harness: Harness;
let camera: FakeCamera;
/** Another device of the same platform. */
let stranger: FakeCamera;
/** Of a platform that waits for nothing. */
let timers: number;

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 2, 3) });
  harness = await openHarness({ reports: { ...REPORTS, alarms: { ...REPORTS.alarms, perMinute: ALARMS_PER_MINUTE } } });
  camera = harness.camera();
  stranger = harness.camera('34020000001180000002', fakeFlow('127.0.0.3'));
  for (const each of [camera, stranger]) {
    each.register({ expires: 604_800, headers: [['X-GB-ver', '3.0']] });
    await settle();
    const { sn = 0 } = harness.sentCommands('Catalog').at(-1) ?? {};
    each.message(catalogResponse(sn, each.id, { sumNum: 1, items: [catalogItem(0)] }));
  }
  // The other questions of a device that has just come stay unanswered.
  await vi.advanceTimersByTimeAsync(10_000);
  camera.keepalive();
  harness.engine.sent.length = 0;
  timers = vi.getTimerCount();
});
afterEach(async () => {
  await harness.platform.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

interface Asked<T> {
  readonly sn: number;
  readonly result: Promise<T>;
  readonly over: boolean;
}

async function ask<T>(question: { readonly cmdType: string; ask(platform: Platform): Promise<T> }): Promise<Asked<T>> {
  const result = question.ask(harness.platform);
  let over = false;
  const end = (): void => {
    over = true;
  };
  result.then(end, end);
  await settle();
  const sn = harness.sentCommands(question.cmdType).at(-1)?.sn ?? 0;
  return {
    sn,
    result,
    get over() {
      return over;
    },
  };
}

/** Not before its time limit, and no later. */
async function endsAfter(asked: Asked<unknown>, ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms - 1);
  expect(asked.over).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked.over).toBe(true);
}

function nothingIsLeft(): void {
  expect(harness.platform.counters.pending).toBe(0);
  expect(vi.getTimerCount()).toBe(timers);
}

const ALL = [...PLAIN_QUESTIONS, ...LIST_QUESTIONS, CRUISE_TRACK];
const LISTS = [...LIST_QUESTIONS, CRUISE_TRACK];
const SILENT = { code: 'device_no_response' };

/** What a device with a bad line, or bad software, makes of the head of an answer. */
const BROKEN: ReadonlyArray<{ name: string; body: (cmdType: string, sn: number) => string; found: boolean }> = [
  { name: 'cut off in a tag', body: (cmdType, sn) => `${headOf(cmdType, sn)}<SumN`, found: true },
  { name: 'cut off behind the total', body: (cmdType, sn) => `${headOf(cmdType, sn)}<SumNum>2</SumNum>`, found: true },
  { name: 'its root destroyed', body: (cmdType, sn) => headOf(cmdType, sn).replace('<Resp', '\u0000'), found: true },
  { name: 'its SN destroyed', body: (cmdType) => headOf(cmdType, 0).replace('<SN>0', '<SN>?'), found: false },
  { name: 'nothing that could be read', body: () => '<<<>>&&&\u0000</', found: false },
  { name: 'a document type', body: (cmdType, sn) => `<!DOCTYPE x>${headOf(cmdType, sn)}</Response>`, found: false },
  { name: 'too deep', body: (cmdType, sn) => `${headOf(cmdType, sn)}${'<a>'.repeat(1_000)}`, found: false },
];

function headOf(cmdType: string, sn: number): string {
  return `<Response><CmdType>${cmdType}</CmdType><SN>${sn}</SN><DeviceID>${DEVICE_ID}</DeviceID>`;
}

describe('bad input: a device answering', () => {
  describe('with the wrong SN', () => {
    const answer = (question: PlainQuestion | ListQuestion, sn: number): ManscdpParts =>
      'answer' in question ? question.answer(sn) : question.part(sn, { from: 0, to: 1 }, 1);

    test.each(ALL)('$name: it is not taken for this one, which ends at its time limit', async (question) => {
      const asked = await ask(question);
      const { sn } = asked;
      for (const wrong of [sn + 1, sn - 1, 0]) expect(camera.message(answer(question, wrong)).status).toBe(200);
      // The right one, of another device.
      expect(stranger.message(answer(question, sn)).status).toBe(200);
      await endsAfter(asked, question.limitMs);
      await expect(asked.result).rejects.toMatchObject(SILENT);
      nothingIsLeft();
    });
  });

  describe('twice', () => {
    test.each(PLAIN_QUESTIONS)('$name: the first counts', async (question) => {
      const asked = await ask(question);
      const { sn, result } = asked;
      camera.message(question.answer(sn));
      camera.raw(`${headOf(question.cmdType, sn)}<Result>ERROR</Result></Response>`);
      await expect(result).resolves.toBeDefined();
      expect(camera.message(question.answer(sn)).status).toBe(200);
      nothingIsLeft();
    });

    test.each(LISTS)('$name: each part counts once', async (question) => {
      const { sn, result } = await ask(question);
      for (let turn = 0; turn < 3; turn += 1) camera.message(question.part(sn, { from: 0, to: 2 }, 3));
      camera.message(question.part(sn, { from: 2, to: 3 }, 3));
      expect(await result).toEqual({ count: 3, sumNum: 3, complete: true });
      expect(camera.message(question.part(sn, { from: 0, to: 3 }, 9)).status).toBe(200);
      nothingIsLeft();
    });

    test.each(LISTS)('$name: one part for ever is ended after ten minutes, what came is kept', async (question) => {
      const asked = await ask(question);
      const step = question.idleMs - 1_000;
      for (let ms = 0; ms < EVER_MS; ms += step) {
        expect(asked.over).toBe(false);
        camera.message(question.part(asked.sn, { from: 0, to: 2 }, 3));
        await vi.advanceTimersByTimeAsync(step);
      }
      expect(await asked.result).toEqual({ count: 2, sumNum: 3, complete: false });
      nothingIsLeft();
    });
  });

  describe('never', () => {
    test.each(ALL)('$name: it fails at its time limit, and what comes later finds nobody', async (question) => {
      const asked = await ask(question);
      expect(harness.platform.counters.pending).toBe(1);
      await endsAfter(asked, question.limitMs);
      await expect(asked.result).rejects.toMatchObject(SILENT);
      expect(camera.raw(`${headOf(question.cmdType, asked.sn)}</Response>`).status).toBe(200);
      nothingIsLeft();
    });

    test.each(LISTS)('$name: not to its end: what came is kept, and marked', async (question) => {
      const asked = await ask(question);
      camera.message(question.part(asked.sn, { from: 0, to: 2 }, 3));
      await endsAfter(asked, question.idleMs);
      expect(await asked.result).toEqual({ count: 2, sumNum: 3, complete: false });
      nothingIsLeft();
    });

    test.each(ALL)('$name: a hundred times over, and nothing grows', async (question) => {
      for (let turn = 0; turn < 100; turn += 1) {
        camera.keepalive();
        const { result } = await ask(question);
        await vi.advanceTimersByTimeAsync(question.limitMs);
        await expect(result).rejects.toMatchObject(SILENT);
        nothingIsLeft();
      }
    });
  });

  test.each(LISTS)('in 400 parts: $name', async (question) => {
    const { sn, result } = await ask(question);
    for (let n = 0; n < 400; n += 1) {
      camera.message(question.part(sn, { from: n, to: n + 1 }, 400));
      if (n % 10 === 0) await vi.advanceTimersByTimeAsync(question.idleMs - 1);
    }
    expect(await result).toEqual({ count: 400, sumNum: 400, complete: true });
    nothingIsLeft();
  });

  describe('in broken XML', () => {
    const plain = PLAIN_QUESTIONS.filter(({ cmdType }) => cmdType !== 'ConfigDownload');
    const each = <Q extends Question>(questions: readonly Q[]) =>
      questions.flatMap((question) =>
        BROKEN.map((broken) => ({ question, broken, title: question.name, fault: broken.name })),
      );

    test.each(each(plain))('$title: $fault: an error that says so, or none at all', async ({ question, broken }) => {
      const asked = await ask(question);
      expect(camera.raw(broken.body(question.cmdType, asked.sn)).status).toBe(200);
      await settle();
      expect(asked.over).toBe(broken.found);
      if (!broken.found) await endsAfter(asked, question.limitMs);
      await expect(asked.result).rejects.toMatchObject(broken.found ? { code: 'device_bad_answer' } : SILENT);
      nothingIsLeft();
    });

    test.each(BROKEN)('ConfigDownload: $name: the types are missing, not refused', async ({ body, found }) => {
      const question = PLAIN_QUESTIONS.find(({ cmdType }) => cmdType === 'ConfigDownload')!;
      const asked = await ask(question);
      camera.raw(body(question.cmdType, asked.sn));
      await endsAfter(asked, question.limitMs);
      if (found) expect(await asked.result).toEqual({ values: {}, missing: ['FrameMirror'], complete: false });
      else await expect(asked.result).rejects.toMatchObject(SILENT);
      nothingIsLeft();
    });

    test.each(each(LISTS))('$title: $fault: no part, and ends nothing', async ({ question, broken }) => {
      const { sn, result } = await ask(question);
      camera.raw(broken.body(question.cmdType, sn));
      camera.message(question.part(sn, { from: 0, to: 1 }, 2));
      camera.raw(broken.body(question.cmdType, sn));
      camera.message(question.part(sn, { from: 1, to: 2 }, 2));
      expect(await result).toEqual({ count: 2, sumNum: 2, complete: true });
      nothingIsLeft();
    });

    test.each(each(LISTS))('$title: $fault, and nothing else: not complete', async ({ question, broken }) => {
      const asked = await ask(question);
      camera.raw(broken.body(question.cmdType, asked.sn));
      await endsAfter(asked, broken.found ? question.idleMs : question.limitMs);
      if (broken.found) expect(await asked.result).toMatchObject({ count: 0, complete: false });
      else await expect(asked.result).rejects.toMatchObject(SILENT);
      nothingIsLeft();
    });
  });

  describe('with 10,000 items', () => {
    test.each(LISTS)('$name', async (question) => {
      const { sn, result } = await ask(question);
      for (let from = 0; from < 10_000; from += 50) camera.message(question.part(sn, { from, to: from + 50 }, 10_000));
      expect(await result).toEqual({ count: 10_000, sumNum: 10_000, complete: true });
      nothingIsLeft();
    });

    test.each(LISTS)('$name: no more than $most are kept, and it is not called complete', async (question) => {
      const { most, idleMs } = question;
      const asked = await ask(question);
      const sumNum = most + 1_000;
      for (let from = 0; from < sumNum; from += 50) {
        camera.message(question.part(asked.sn, { from, to: from + 50 }, sumNum));
      }
      await vi.advanceTimersByTimeAsync(idleMs);
      expect(await asked.result).toEqual({ count: most, sumNum, complete: false });
      nothingIsLeft();
    });
  });

  describe('with a cycle in its tree', () => {
    const [a, b, c] = [catalogItem(1).id, catalogItem(2).id, catalogItem(3).id];
    const ring = (length: number) =>
      Array.from({ length }, (_, n) => catalogItem(n + 1, { parentIdText: catalogItem(((n + 1) % length) + 1).id }));
    test.each([
      { name: 'an item that is its own parent', items: [catalogItem(1, { parentIdText: a })] },
      { name: 'two in each other', items: [catalogItem(1, { parentIdText: b }), catalogItem(2, { parentIdText: a })] },
      { name: 'three, and one that hangs on them', items: [...ring(3), catalogItem(9, { parentIdText: c })] },
      {
        name: 'the device below its own channel',
        items: [catalogItem(1), { ...catalogItem(0), id: DEVICE_ID, parentIdText: a }],
      },
      { name: 'a ring of 10,000', items: ring(10_000) },
    ])('$name: all are kept, and each is below the device', async ({ items }) => {
      const { sn, result } = await ask(LIST_QUESTIONS[0]!);
      for (let at = 0; at < items.length; at += 500) {
        const part = { sumNum: items.length, items: items.slice(at, at + 500) };
        camera.message(catalogResponse(sn, DEVICE_ID, part));
      }
      expect(await result).toEqual({ count: items.length, sumNum: items.length, complete: true });
      const parents = new Map(harness.platform.channels(DEVICE_ID).map(({ id, parentId }) => [id, parentId]));
      expect(parents.size).toBe(items.length);
      const grounded = new Set([DEVICE_ID]);
      for (const id of parents.keys()) {
        const path = new Set<string>();
        for (let at = id; !grounded.has(at); at = parents.get(at) ?? '') {
          expect(path.has(at), `cycle at ${at}`).toBe(false);
          path.add(at);
        }
        for (const each of path) grounded.add(each);
      }
      nothingIsLeft();
    });
  });
});

describe('bad input: a record list', () => {
  const at = (text: string): number => parseGbTime(text) ?? Number.NaN;
  const file = (start: string, end: string, more: Partial<RecordItem> = {}): RecordItem =>
    recordFile(at(start), at(end), { name: '', filePath: `${start}_${end}`, ...more });

  async function list(from: string, to: string, answer: (sn: number) => unknown): Promise<RecordList> {
    const asked = await ask({
      cmdType: 'RecordInfo',
      ask: (platform) =>
        platform.records({ deviceId: DEVICE_ID, channelId: CAMERA_ID, fromMs: at(from), toMs: at(to) }),
    });
    answer(asked.sn);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked.over).toBe(true);
    nothingIsLeft();
    return asked.result;
  }
  const listOf = (from: string, to: string, ...items: RecordItem[]): Promise<RecordList> =>
    list(from, to, (sn) =>
      camera.message(recordInfoResponse(sn, CAMERA_ID, { name: '', sumNum: items.length, items })),
    );
  /** In a device's own words. */
  const listOfXml = (from: string, to: string, ...times: Array<[start: string, end: string]>): Promise<RecordList> =>
    list(from, to, (sn) =>
      camera.raw(
        `<Response><CmdType>RecordInfo</CmdType><SN>${sn}</SN><DeviceID>${CAMERA_ID}</DeviceID><SumNum>${times.length}</SumNum>` +
          `<RecordList Num="${times.length}">${times
            .map(
              ([start, end], n) =>
                `<Item><DeviceID>${CAMERA_ID}</DeviceID><FilePath>${n}</FilePath><StartTime>${start}</StartTime><EndTime>${end}</EndTime></Item>`,
            )
            .join('')}</RecordList></Response>`,
      ),
    );
  const spans = (found: ReadonlyArray<{ readonly startMs: number; readonly endMs: number }>): string[] =>
    found.map(({ startMs, endMs }) => `${formatGbTime(startMs)} ${formatGbTime(endMs)}`);

  describe('over midnight', () => {
    test('is asked for with both dates, and a file over midnight is one item in one stretch', async () => {
      const { items, segments, complete } = await listOf(
        '2026-03-01T22:00:00',
        '2026-03-02T02:00:00',
        file('2026-03-01T22:30:00', '2026-03-01T23:30:00'),
        file('2026-03-01T23:30:00', '2026-03-02T00:30:00'),
        file('2026-03-02T01:00:00', '2026-03-02T01:30:00'),
      );
      const [query] = harness.sentCommands('RecordInfo');
      expect([query?.body.field('StartTime'), query?.body.field('EndTime')]).toEqual([
        '2026-03-01T22:00:00',
        '2026-03-02T02:00:00',
      ]);
      expect(items).toHaveLength(3);
      expect(spans(segments)).toEqual([
        '2026-03-01T22:30:00 2026-03-02T00:30:00',
        '2026-03-02T01:00:00 2026-03-02T01:30:00',
      ]);
      expect(complete).toBe(true);
    });

    test('of one day: what reaches into it from before and out of it is clipped, the rest left out', async () => {
      const { items, segments } = await listOf(
        '2026-03-01T00:00:00',
        '2026-03-02T00:00:00',
        file('2026-02-28T23:30:00', '2026-03-01T00:10:00'),
        file('2026-03-01T23:55:00', '2026-03-02T00:30:00'),
        file('2026-03-02T00:00:00', '2026-03-02T01:00:00'),
        file('2026-02-27T00:00:00', '2026-03-03T00:00:00', { type: 'alarm' }),
      );
      expect(spans(items)).toEqual([
        '2026-03-01T00:00:00 2026-03-01T00:10:00',
        '2026-03-01T00:00:00 2026-03-02T00:00:00',
        '2026-03-01T23:55:00 2026-03-02T00:00:00',
      ]);
      expect(segments.map(({ type }) => type)).toEqual(['time', 'alarm', 'time']);
    });

    test('recorders that cut at 23:59:59, or write 24:00:00, leave no gap at midnight', async () => {
      const night = ['2026-03-01T23:00:00', '2026-03-02T01:00:00'] as const;
      const stretch = ['2026-03-01T23:00:00 2026-03-02T01:00:00'];
      for (const end of ['2026-03-01T23:59:59', '2026-03-01T24:00:00']) {
        const { segments, complete } = await listOfXml(...night, [night[0], end], ['2026-03-02T00:00:00', night[1]]);
        expect([spans(segments), complete]).toEqual([stretch, true]);
      }
    });

    test.each([
      ['the end of February', '2026-02-28', '2026-03-01'],
      ['the leap day', '2028-02-29', '2028-03-01'],
      ['the new year', '2026-12-31', '2027-01-01'],
    ])('at %s', async (_name, day, next) => {
      const { segments } = await listOf(
        `${day}T12:00:00`,
        `${next}T12:00:00`,
        file(`${day}T23:00:00`, `${next}T01:00:00`),
      );
      expect(spans(segments)).toEqual([`${day}T23:00:00 ${next}T01:00:00`]);
    });
  });

  describe('over a clock change', () => {
    const DAY = ['2026-03-01T00:00:00', '2026-03-02T00:00:00'] as const;

    test('set back between two files: both are there, and overlap in one stretch', async () => {
      const { items, segments, complete } = await listOf(
        ...DAY,
        file('2026-03-01T01:00:00', '2026-03-01T02:00:00'),
        file('2026-03-01T01:30:00', '2026-03-01T02:30:00'),
      );
      expect(spans(items)).toEqual([
        '2026-03-01T01:00:00 2026-03-01T02:00:00',
        '2026-03-01T01:30:00 2026-03-01T02:30:00',
      ]);
      expect(spans(segments)).toEqual(['2026-03-01T01:00:00 2026-03-01T02:30:00']);
      expect(complete).toBe(true);
    });

    test('set back to the same second: files of the same times are told apart by their paths', async () => {
      const hour = ['2026-03-01T01:00:00', '2026-03-01T02:00:00'] as const;
      const two = await listOf(...DAY, file(...hour, { filePath: 'a' }), file(...hour, { filePath: 'b' }));
      expect(two).toMatchObject({ sumNum: 2, complete: true, items: { length: 2 }, segments: { length: 1 } });
      // Without one they cannot be told from a repeat: not complete.
      const one = await listOf(...DAY, file(...hour, { filePath: '' }), file(...hour, { filePath: '' }));
      expect(one).toMatchObject({ sumNum: 2, complete: false, items: { length: 1 } });
    });

    test('set back inside of a file, which ends before it starts: left out, announced all the same', async () => {
      const answer = await listOfXml(
        ...DAY,
        ['2026-03-01T01:00:00', '2026-03-01T02:00:00'],
        ['2026-03-01T02:00:00', '2026-03-01T01:30:00'],
        ['2026-03-01T01:30:00', '2026-03-01T01:30:00'],
      );
      expect(spans(answer.items)).toEqual(['2026-03-01T01:00:00 2026-03-01T02:00:00']);
      expect(answer).toMatchObject({ sumNum: 3, complete: true });
    });

    test('set back inside of every file: an empty list that is complete', async () => {
      const answer = await listOfXml(...DAY, ['2026-03-01T02:00:00', '2026-03-01T01:00:00']);
      expect(answer).toMatchObject({ sumNum: 1, complete: true, items: [], segments: [] });
    });

    test('a file without times, told again in the next part, does not stand for one that is missing', async () => {
      const part = (sn: number): string =>
        `<Response><CmdType>RecordInfo</CmdType><SN>${sn}</SN><SumNum>3</SumNum><RecordList Num="2"><Item><FilePath>x</FilePath><StartTime>?</StartTime></Item><Item><StartTime>2026-03-01T01:00:00</StartTime><EndTime>2026-03-01T02:00:00</EndTime></Item></RecordList></Response>`;
      const answer = await list(...DAY, (sn) => [camera.raw(part(sn)), camera.raw(part(sn))]);
      expect(answer).toMatchObject({ sumNum: 3, complete: false, items: { length: 1 } });
    });

    test('set forward: a gap between two files, a long file where it was inside of one', async () => {
      const gap = await listOf(
        ...DAY,
        file('2026-03-01T01:00:00', '2026-03-01T01:30:00'),
        file('2026-03-01T04:30:00', '2026-03-01T05:00:00'),
      );
      expect(gap.segments).toHaveLength(2);
      const long = await listOf(...DAY, file('2026-03-01T01:00:00', '2026-03-01T05:00:00'));
      expect(spans(long.segments)).toEqual(['2026-03-01T01:00:00 2026-03-01T05:00:00']);
    });

    test('clocks of 1970 and of 2099 are outside of what was asked for', async () => {
      const answer = await listOf(
        ...DAY,
        file('1970-01-01T08:00:00', '1970-01-01T09:00:00'),
        file('2099-01-01T00:00:00', '2099-01-01T01:00:00'),
      );
      expect(answer).toMatchObject({ sumNum: 2, complete: true, items: [], segments: [] });
    });

    test.each([
      { zone: 'Asia/Shanghai', offsetMin: -480 },
      { zone: 'America/New_York', offsetMin: 300 },
      { zone: 'UTC', offsetMin: 0 },
    ])(
      'summer time of the machine does not matter ($zone): the wire has the time of Beijing',
      async ({ zone, offsetMin }) => {
        vi.stubEnv('TZ', zone);
        try {
          expect(new Date().getTimezoneOffset()).toBe(offsetMin);
          // The night in which New York's clocks go from 2 to 3.
          const night = ['2026-03-08T00:00:00', '2026-03-09T00:00:00'] as const;
          const { segments } = await listOf(...night, file('2026-03-08T14:30:00', '2026-03-08T15:30:00'));
          const [query] = harness.sentCommands('RecordInfo');
          expect([query?.body.field('StartTime'), query?.body.field('EndTime')]).toEqual(night);
          expect(segments).toMatchObject([
            { startMs: Date.UTC(2026, 2, 8, 6, 30), endMs: Date.UTC(2026, 2, 8, 7, 30) },
          ]);
        } finally {
          vi.unstubAllEnvs();
        }
      },
    );

    test('timeOffsetSec is of the times in SDP, not of these (GB/T 28181 8.4)', async () => {
      harness.platform.updateSettings(DEVICE_ID, { timeOffsetSec: 28_800 });
      const { items } = await listOf(...DAY, file('2026-03-01T01:00:00', '2026-03-01T02:00:00'));
      const [query] = harness.sentCommands('RecordInfo');
      expect([query?.body.field('StartTime'), query?.body.field('EndTime')]).toEqual(DAY);
      expect(spans(items)).toEqual(['2026-03-01T01:00:00 2026-03-01T02:00:00']);
    });
  });
});

describe('bad input: a NOTIFY flood', () => {
  const FLOOD = 10_000;
  const alarm = { priority: 1, method: 5, type: 2, eventType: 0, description: '' } as const;
  const place = (longitude: number) => ({ id: CAMERA_ID, at: Date.now(), longitude, latitude: 31 });
  const send = (body: ManscdpParts | string, dialog: { callId?: string; toTag?: string } = {}): number =>
    camera.send({
      method: 'NOTIFY',
      headers: [['Event', 'presence']],
      body: typeof body === 'string' ? body : formatManscdp(body, 'gb18030'),
      ...dialog,
    }).status;

  const floods: ReadonlyArray<{
    readonly name: string;
    readonly body: (n: number) => ManscdpParts | string;
    readonly counted: () => unknown;
    readonly counts: unknown;
  }> = [
    {
      name: 'of states of channels: all counted, the last word of each counts',
      body: (n) => catalogNotify(n, DEVICE_ID, [{ event: n % 2 === 0 ? 'ON' : 'OFF', item: catalogItem(0) }]),
      counted: () => ({
        ...harness.platform.reports.counters.catalog.received,
        applied: harness.platform.reports.counters.catalog.applied,
        status: harness.platform.channel(DEVICE_ID, catalogItem(0).id)?.status,
      }),
      counts: { ON: 5_000, OFF: 5_000, ADD: 0, DEL: 0, UPDATE: 0, VLOST: 0, DEFECT: 0, applied: 1, status: 'OFF' },
    },
    {
      name: 'of new channels: they are written at once',
      body: (n) => catalogNotify(n, DEVICE_ID, [{ event: 'ADD', item: catalogItem(n) }]),
      counted: () => [harness.platform.reports.counters.catalog.applied, harness.platform.channels(DEVICE_ID).length],
      counts: [1, FLOOD],
    },
    {
      name: 'of alarms: the share of a device is kept, the rest counted',
      body: (n) => alarmNotify(n, CAMERA_ID, { ...alarm, alarmedAt: Date.now() }),
      counted: () => harness.platform.reports.alarms.counters,
      counts: expect.objectContaining({
        received: ALARMS_PER_MINUTE,
        dropped: FLOOD - ALARMS_PER_MINUTE,
        unacknowledged: ALARMS_PER_MINUTE,
      }),
    },
    {
      name: 'of one alarm: kept once',
      body: () => alarmNotify(7, CAMERA_ID, { ...alarm, alarmedAt: 0 }),
      counted: () => harness.platform.reports.alarms.counters,
      counts: expect.objectContaining({ received: 1, repeated: FLOOD - 1, dropped: 0, unacknowledged: 1 }),
    },
    {
      name: 'of positions: the last one, and one point of the track',
      body: (n) => positionNotify(n, { form: 'flat', deviceId: CAMERA_ID, position: place(100 + n / FLOOD) }),
      counted: () => [
        harness.platform.reports.positions.counters,
        harness.platform.reports.positions.list().map(({ longitude }) => longitude),
        trackLength(),
      ],
      counts: [{ received: FLOOD, unusable: 0, dropped: 0 }, [100 + (FLOOD - 1) / FLOOD], 1],
    },
    {
      name: 'of places that are none: counted only',
      body: (n) => positionNotify(n, { form: 'flat', deviceId: CAMERA_ID, position: { ...place(0), latitude: 0 } }),
      counted: () => [harness.platform.reports.positions.counters, harness.platform.reports.positions.list()],
      counts: [{ received: 0, unusable: FLOOD, dropped: 0 }, []],
    },
    {
      name: 'of PTZ positions: told, not kept',
      body: (n) => ptzPositionNotify(n, CAMERA_ID, { pan: n % 360, tilt: 0, zoom: 1 }),
      counted: () => harness.platform.reports.counters.subscriptions.notifies,
      counts: FLOOD,
    },
    {
      name: 'of commands that nobody knows',
      body: (n) => ({ root: 'Notify', cmdType: `Brew${n}`, sn: n, deviceId: DEVICE_ID }),
      counted: () => harness.platform.reports.counters.subscriptions.notifies,
      counts: FLOOD,
    },
    {
      name: 'of answers that nobody waits for',
      body: (n) => catalogResponse(n, DEVICE_ID, { sumNum: 5, items: [catalogItem(0)] }),
      counted: () => harness.platform.reports.counters.subscriptions.notifies,
      counts: FLOOD,
    },
    {
      name: 'of broken XML',
      body: (n) => `<Notify><CmdType>Alar${'<'.repeat(n % 50)}`,
      counted: () => [
        harness.platform.reports.counters.subscriptions.notifies,
        harness.platform.reports.alarms.counters.received,
      ],
      counts: [FLOOD, 0],
    },
    {
      name: 'of nothing at all',
      body: () => '',
      counted: () => harness.platform.reports.counters.subscriptions.notifies,
      counts: FLOOD,
    },
  ];
  const trackLength = (): number =>
    harness.platform.reports.positions.track(
      { deviceId: DEVICE_ID, channelId: CAMERA_ID },
      { from: 0, to: Date.now(), limit: 100 },
    ).length;

  test.each(floods)('$name', async ({ body, counted, counts }) => {
    let writes = 0;
    const saveChannels = harness.store.saveChannels.bind(harness.store);
    harness.store.saveChannels = (...args) => {
      writes += 1;
      saveChannels(...args);
    };
    for (let n = 0; n < FLOOD; n += 1) expect(send(body(n))).toBe(200);
    // Whatever the flood, one timer gathers what is to be written.
    expect(vi.getTimerCount()).toBeLessThanOrEqual(timers + 1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(counted()).toEqual(counts);
    expect(writes).toBeLessThanOrEqual(1);
    expect(harness.engine.sent).toEqual([]);
    nothingIsLeft();
  });

  test('from somebody who is not registered: nothing is read, nothing kept', async () => {
    camera = harness.camera('34020000001180000099');
    for (let n = 0; n < FLOOD; n += 1) {
      expect(send(alarmNotify(n, CAMERA_ID, { ...alarm, alarmedAt: Date.now() }))).toBe(200);
    }
    expect(harness.platform.reports.alarms.counters.received).toBe(0);
    expect(harness.platform.reports.counters.subscriptions.notifies).toBe(0);
    expect(harness.platform.devices()).toHaveLength(2);
    nothingIsLeft();
  });

  test('in a dialog that another one has replaced: 481, counted, left aside', async () => {
    harness.platform.updateSettings(DEVICE_ID, { subscriptions: { alarm: true } });
    await vi.advanceTimersByTimeAsync(4_000);
    const callId = harness.engine.subscribes[0]?.callId ?? '';
    const body = (n: number) => alarmNotify(n, CAMERA_ID, { ...alarm, alarmedAt: Date.now() });
    expect(send(body(0), { callId, toTag: 'l' })).toBe(200);
    for (let n = 1; n <= FLOOD; n += 1) expect(send(body(n), { callId: 'of-before', toTag: 'o' })).toBe(481);
    expect(harness.platform.reports.alarms.counters).toMatchObject({ received: 1, dropped: 0, repeated: 0 });
    expect(harness.platform.reports.counters.subscriptions).toMatchObject({ superseded: FLOOD, notifies: FLOOD + 1 });
    expect(harness.platform.counters.pending).toBe(0);
  });
});
