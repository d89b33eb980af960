import { describe, expect, test } from 'vitest';
import {
  FakeCallHistory,
  qualityReport,
  received,
  talkSession,
  talkSubsession,
} from '../../../../test/support/call-records.ts';
import { createStatisticsReader } from '../statistics/reader.ts';
import { csvCell } from './csv.ts';
import { escapeHtml } from './escape.ts';
import { durationText, percentText } from './figures.ts';
import { type CallReport, callReport } from './report.ts';

const DAY = '2026-11-21';
const BEGIN = Date.parse(`${DAY}T09:00:00Z`);

/** Two users with these names, who talk for two minutes and lose a quarter; a third one fails to reach the first. */
async function reportWith(first: string, second: string, roomId = 'room'): Promise<CallReport> {
  const history = new FakeCallHistory();
  history.allSessions = [
    talkSession({ sessionId: 'a', userName: first, roomId, joinedAt: BEGIN, leftAt: BEGIN + 180_000 }),
    talkSession({ sessionId: 'b', userName: second, roomId, joinedAt: BEGIN, leftAt: BEGIN + 180_000 }),
  ];
  const both = { begunAt: BEGIN, connectedAt: BEGIN + 1000, finishedAt: BEGIN + 121_000, connectType: 'TURN' as const };
  history.allSubsessions = [
    talkSubsession({
      subSessionId: 'ab',
      sessionId: 'a',
      remoteUserId: 'b',
      remoteUserName: second,
      cost: 150,
      ...both,
    }),
    talkSubsession({ subSessionId: 'ba', sessionId: 'b', remoteUserId: 'a', remoteUserName: first, ...both }),
    talkSubsession({
      subSessionId: 'ac',
      sessionId: 'a',
      remoteUserId: 'c',
      remoteUserName: second,
      begunAt: BEGIN,
      finishedAt: BEGIN + 9,
    }),
  ];
  history.allQuality = [qualityReport({ subSessionId: 'ab', createdAt: BEGIN, audio: received(0.25, 32) })];
  return callReport(createStatisticsReader(history, { timeZone: 'Asia/Shanghai' }), { from: DAY });
}

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '&lt;b&gt;',
  '</title><svg onload=alert(1)>',
  'a\0b\u001b[31m\u202egpj.exe\nBcc: all@example.org',
];

describe('HTML', () => {
  test('has the figures in words and in charts', async () => {
    const { html, title, fileName } = await reportWith('Ann', 'Bob');
    expect([title, fileName]).toEqual(['Call report 2026-11-21', 'gbrtc-calls-2026-11-21']);
    for (const part of [
      '<title>Call report 2026-11-21</title>',
      'Asia/Shanghai',
      '>1 (50 %)<',
      '>2:00<',
      '>1.50<',
      '>25 %<',
      'Ann (a)',
      // 09:00 UTC in Shanghai.
      '>17:00<',
    ]) {
      expect(html).toContain(part);
    }
    expect(html.match(/<svg /g)).toHaveLength(3);
    expect(html).toContain('<title>17: 2</title>');
    expect(html).toContain('TURN 1 (100 %)');
  });

  test('needs nothing but itself', async () => {
    const { html } = await reportWith('Ann', 'Bob');
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|javascript:|<style/i);
    const addresses = [...html.matchAll(/\bhttps?:[^"\s]*/g)].map(([found]) => found);
    expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg']));
    expect(html).toMatch(/background:#ffffff;[^"]*color:#17211f/);
  });

  test.each(HOSTILE)('shows the name %j as text', async (name) => {
    const { html } = await reportWith(name, name, name);
    const plain = await reportWith('Ann', 'Ann', 'Ann');
    const tags = (text: string): string[] => (text.match(/<[^>]*>/g) ?? []).filter((tag) => !tag.includes('width='));
    expect(tags(html)).toEqual(tags(plain.html));
    // eslint-disable-next-line no-control-regex
    expect(html).not.toMatch(/[\0-\u0008\u001b\u202e]/);
    expect(html).toContain(escapeHtml(name));
  });

  test('an empty day has charts without bars, and no tables of calls', async () => {
    const { html, text } = await callReport(createStatisticsReader(new FakeCallHistory(), { timeZone: 'UTC' }), {
      from: DAY,
    });
    expect(html).not.toMatch(/NaN|Infinity|Worst calls|Never connected<\/h2>/);
    expect(text).toContain('Calls (joins):');
    expect(text).not.toContain('Worst calls');
  });
});

test.each([
  ['<&>"\'', '&lt;&amp;&gt;&quot;&#39;'],
  ['a\r\nb', 'a b'],
  ['门\u{1f600}', '门\u{1f600}'],
  ['\ud800x', ' x'],
  ['a\u2066b', 'a b'],
])('escapeHtml %j', (text, escaped) => expect(escapeHtml(text)).toBe(escaped));

describe('text', () => {
  test('has the same figures', async () => {
    const { text } = await reportWith('Ann', 'Bob');
    expect(text).toMatch(/^Call report 2026-11-21\nTimes are those of Asia\/Shanghai\./);
    expect(text).toMatch(/^ {2}Never connected: +1 \(50 %\)$/m);
    expect(text).toMatch(/^ {2}Time: 17:00, Room: room, Receiver: Ann \(a\), Sender: Bob \(b\), Duration: 2:00/m);
  });

  test('a name stays on its line', async () => {
    const { text } = await reportWith('x\n\nCost: 0.00\r\u2028y', 'Bob');
    expect(text).not.toMatch(/^Cost/m);
    expect(text).not.toMatch(/[\r\u2028]/);
  });
});

/** RFC 4180 §2, written from its grammar. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (match === null) throw new Error(`not RFC 4180 behind ${JSON.stringify(rows.at(-1))}`);
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

describe('CSV', () => {
  test('one table with four columns that has every figure', async () => {
    const rows = parseCsv((await reportWith('Ann', 'Bob')).csv);
    expect(rows[0]).toEqual(['section', 'row', 'figure', 'value']);
    expect(rows.every(({ length }) => length === 4)).toBe(true);
    for (const row of [
      ['report', '', 'from', DAY],
      ['sessions', '', 'total', '2'],
      ['sessions', '', 'mean_seconds', '180'],
      ['pairs', '', 'failed', '1'],
      ['pairs', '', 'turn', '1'],
      ['pairs', '', 'cost_cents', '150'],
      ['audio', '', 'loss_worst', '0.25'],
      ['hour', '17', 'talk_seconds', '120'],
      ['worst', '1', 'begun_at_utc', '2026-11-21T09:00:00.000Z'],
      ['failed', '1', 'remote_user_id', 'c'],
    ]) {
      expect(rows).toContainEqual(row);
    }
    expect(rows.filter(([section]) => section === 'hour')).toHaveLength(48);
  });

  test.each([...HOSTILE, 'a"b,c\r\nd', '=1+1', '  =cmd|x'])('bears the name %j', async (name) => {
    const rows = parseCsv((await reportWith(name, 'Bob')).csv);
    const [cell] = rows.filter(([section, , figure]) => section === 'worst' && figure === 'user_name').map((r) => r[3]);
    expect(cell?.replace(/^'/, '')).toBe(name.replace(/^'/, ''));
  });

  test.each([
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['+49 30', "'+49 30"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['＝1', "'＝1"],
    ['\u200b=1', "'\u200b=1"],
    ['a=1', 'a=1'],
    ['', ''],
    [-1.5, '-1.5'],
    [0.1 + 0.2, '0.3'],
  ])('cell %j', (cell, written) => expect(csvCell(cell)).toBe(written));
});

test.each([
  [0, '0:00'],
  [59_999, '0:59'],
  [60_000, '1:00'],
  [3_723_000, '1:02:03'],
  [90_000_000, '25:00:00'],
])('durationText %i', (ms, text) => expect(durationText(ms)).toBe(text));

test.each([
  [0, '0 %'],
  [0.004, '0.4 %'],
  [0.37, '37 %'],
  [1, '100 %'],
])('percentText %d', (ratio, text) => expect(percentText(ratio)).toBe(text));
