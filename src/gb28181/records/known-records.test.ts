import { expect, test } from 'vitest';
import type { RecordList } from '../types.ts';
import { KnownRecords } from './known-records.ts';

const QUERY = { deviceId: 'd', channelId: 'c', fromMs: 0, toMs: 1000 };
const segment = (startMs: number, endMs: number) => ({ startMs, endMs, type: 'time' as const });
const list = (more: Partial<RecordList> = {}): RecordList => ({
  ...QUERY,
  sumNum: 2,
  complete: true,
  items: [],
  segments: [segment(100, 400), segment(600, 1000)],
  ...more,
});

test('the last list of a channel tells the stretches of any range in it', () => {
  const known = new KnownRecords();
  known.note(QUERY, list(), 5000);
  expect(known.find({ ...QUERY, fromMs: 300, toMs: 700 })).toEqual([
    { startMs: 300, endMs: 400 },
    { startMs: 600, endMs: 700 },
  ]);
  expect(known.find({ ...QUERY, toMs: 1001 })).toEqual([]);
  expect(known.find({ ...QUERY, channelId: 'other' })).toEqual([]);
  known.note(QUERY, list({ segments: [segment(0, 50)] }), 5000);
  expect(known.find(QUERY)).toEqual([{ startMs: 0, endMs: 50 }]);
});

test('a list of today tells nothing of what is recorded after it', () => {
  const known = new KnownRecords();
  known.note(QUERY, list({ segments: [segment(100, 400)] }), 410);
  expect(known.find({ ...QUERY, toMs: 410 })).toHaveLength(1);
  expect(known.find({ ...QUERY, toMs: 411 })).toEqual([]);
});

test('a list that lacks a part, or has what meets some condition alone, is not kept', () => {
  const known = new KnownRecords();
  known.note(QUERY, list({ complete: false }), 5000);
  const conditions = [{ type: 'alarm' }, { address: 'store' }, { streamNumber: 1 }, { alarmMethod: '5' }] as const;
  for (const condition of conditions) known.note({ ...QUERY, ...condition }, list(), 5000);
  expect(known.find(QUERY)).toEqual([]);
  known.note({ ...QUERY, type: 'all' }, list(), 5000);
  expect(known.find(QUERY)).toHaveLength(2);
});

test('lists of 500 channels are kept', () => {
  const known = new KnownRecords();
  for (let n = 0; n < 501; n += 1) known.note({ ...QUERY, channelId: `${n}` }, list(), 5000);
  expect([0, 1, 500].map((n) => known.find({ ...QUERY, channelId: `${n}` }).length)).toEqual([0, 2, 2]);
});
