import { describe, expect, test } from 'vitest';
import { rtp } from '../../../test/support/ps-builder.ts';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import { ReceiverStatistics } from './receiver-statistics.ts';
import {
  formatBye,
  formatReceiverReport,
  parseRtcp,
  reportedLoss,
  senderReportsOf,
  type SenderReport,
} from './rtcp.ts';
import { createRtpView, parseRtp } from './rtp-packet.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const SENDER_REPORT = '80c80006 0bebc5e9 e0000001 80000000 00015f90 00000064 00002710';

describe('parseRtcp', () => {
  test.each([
    {
      name: 'sender report',
      packet: SENDER_REPORT,
      records: [
        {
          type: 'sr',
          ssrc: 0x0bebc5e9,
          ntpSeconds: 0xe0000001,
          ntpFraction: 0x80000000,
          rtpTimestamp: 90_000,
          packets: 100,
          octets: 10_000,
        },
      ],
    },
    { name: 'receiver report', packet: '80c90001 00000007', records: [{ type: 'rr', ssrc: 7 }] },
    { name: 'bye', packet: '82cb0002 00000001 00000002', records: [{ type: 'bye', ssrcs: [1, 2] }] },
    { name: 'PLI', packet: '81ce0002 00000001 00000009', records: [{ type: 'pli', mediaSsrc: 9 }] },
    {
      name: 'FIR',
      packet: '84ce0004 00000001 00000000 00000009 01000000',
      records: [{ type: 'fir', mediaSsrcs: [9] }],
    },
    { name: 'REMB', packet: '8fce0003 00000001 00000000 52454d42', records: [{ type: 'other', packetType: 206 }] },
    {
      name: 'compound',
      packet: '80c90001 00000007 81ce0002 00000001 00000009',
      records: [
        { type: 'rr', ssrc: 7 },
        { type: 'pli', mediaSsrc: 9 },
      ],
    },
    { name: 'source description', packet: '81ca0002 00000007 01016100', records: [{ type: 'other', packetType: 202 }] },
  ])('$name', ({ packet, records }) => {
    expect(parseRtcp(hex(packet))).toEqual(records);
  });

  test.each([
    { name: 'too short', packet: '80', error: 'rtcp_too_short' },
    { name: 'bad version', packet: '00c80006 00000000', error: 'rtcp_bad_version' },
    { name: 'length behind the end', packet: '80c80006 00000000', error: 'rtcp_bad_length' },
    { name: 'sender report without its fields', packet: '80c80001 00000000', error: 'rtcp_bad_length' },
    { name: 'receiver report without SSRC', packet: '80c90000', error: 'rtcp_bad_length' },
    { name: 'bye with too many sources', packet: '85cb0001 00000000', error: 'rtcp_bad_length' },
    { name: 'feedback without sources', packet: '81ce0001 00000000', error: 'rtcp_bad_length' },
    { name: 'rest', packet: '80c90001 00000007 80', error: 'rtcp_bad_length' },
    { name: 'endless compound', packet: '80cc0000'.repeat(65), error: 'rtcp_too_many' },
  ])('$name', ({ packet, error }) => {
    expect(parseRtcp(hex(packet))).toBe(error);
  });

  test('formatReceiverReport', () => {
    const block = {
      mediaSsrc: 9,
      fractionLost: 128,
      cumulativeLost: -1,
      highestSequence: 0x1_0005,
      jitter: 77,
      lastSenderReport: 0x0001_8000,
      delaySinceLastSenderReport: 65_536,
    };
    const packet = formatReceiverReport(7, block, 'gw');
    expect(packet.toString('hex')).toBe(
      '81c9000700000007000000098' +
        '0ffffff00010005' +
        '0000004d' +
        '00018000' +
        '00010000' +
        '81ca0003' +
        '00000007' +
        '01026777' +
        '00000000',
    );
    expect(parseRtcp(packet)).toEqual([
      { type: 'rr', ssrc: 7 },
      { type: 'other', packetType: 202 },
    ]);
  });

  test('formatBye', () => {
    expect(parseRtcp(formatBye(7))).toEqual([
      { type: 'rr', ssrc: 7 },
      { type: 'bye', ssrcs: [7] },
    ]);
  });

  test('fuzz: 200,000 mutations never throw and give at most 64 records', () => {
    const random = seededRandom(2);
    const seeds = [
      hex(SENDER_REPORT),
      hex(
        '80c90001 00000007 81ce0002 00000001 00000009 84ce0004 00000001 00000000 00000009 01000000 82cb0002 00000001 00000002',
      ),
      formatReceiverReport(
        1,
        {
          mediaSsrc: 1,
          fractionLost: 0,
          cumulativeLost: 0,
          highestSequence: 0,
          jitter: 0,
          lastSenderReport: 0,
          delaySinceLastSenderReport: 0,
        },
        'x',
      ),
    ];
    const memory = Buffer.alloc(128);
    let accepted = 0;
    for (let index = 0; index < 200_000; index++) {
      const packet = memory.subarray(0, mutate(seeds[index % 3]!, memory, random));
      const records = parseRtcp(packet);
      if (reportedLoss(packet) < 0 || senderReportsOf(packet).length > 64) expect.fail('loss or reports');
      if (typeof records === 'string') continue;
      accepted++;
      if (records.length > 64) expect.fail('too many records');
    }
    expect(accepted).toBeGreaterThan(10_000);
  });
});

test.each([
  { name: 'a receiver report', hex: `81c90007000000090000000140000005${'00'.repeat(16)}`, lost: 5 },
  { name: 'two blocks', hex: `82c9000d00000009${`0000000140000005${'00'.repeat(16)}`.repeat(2)}`, lost: 10 },
  { name: 'more received than expected', hex: `81c90007000000090000000100ffffff${'00'.repeat(16)}`, lost: 0 },
  { name: 'no block', hex: '80c9000100000009', lost: 0 },
  { name: 'cut off', hex: '81c9000700000009000000014000', lost: 0 },
  { name: 'nothing', hex: '', lost: 0 },
])('reportedLoss: $name', ({ hex: packet, lost }) => {
  expect(reportedLoss(hex(packet))).toBe(lost);
});

test.each([
  { name: 'two in one packet, a description between', parts: ['sr 1', 'sdes', 'sr 2'], ssrcs: [1, 2] },
  { name: 'a report of a receiver', parts: ['rr'], ssrcs: [] },
  { name: 'with a block, which is left out', parts: ['sr 1 with block'], ssrcs: [1] },
  { name: 'cut off', parts: ['sr 1', 'cut'], ssrcs: [1] },
])('senderReportsOf: $name', ({ parts, ssrcs }) => {
  const info = '00'.repeat(20);
  const hexOf: Record<string, string> = {
    'sr 1': `80c8000600000001${info}`,
    'sr 2': `80c8000600000002${info}`,
    'sr 1 with block': `81c8000c00000001${info}${'00'.repeat(24)}`,
    sdes: '81ca0003000000010102676200000000',
    rr: '80c9000100000009',
    cut: '80c8000600000003',
  };
  const reports = senderReportsOf(Buffer.from(parts.map((part) => hexOf[part]).join(''), 'hex'));
  expect(reports.map((report) => [report.length, report[0], report.readUInt32BE(4)])).toEqual(
    ssrcs.map((ssrc) => [28, 0x80, ssrc]),
  );
});

describe('ReceiverStatistics', () => {
  function feed(statistics: ReceiverStatistics, sequenceNumber: number, nowMs: number, timestamp = nowMs * 90): void {
    const view = createRtpView();
    parseRtp(rtp(Buffer.alloc(1), { sequenceNumber, timestamp, ssrc: 9 }), view);
    statistics.onPacket(view, nowMs);
  }

  test('counts loss over the wrap of sequence numbers', () => {
    const statistics = new ReceiverStatistics();
    expect(statistics.report(0)).toBeUndefined();
    for (let index = 0; index < 10; index++) if (index !== 4) feed(statistics, (0xfffc + index) & 0xffff, index * 40);
    const report = statistics.report(400);
    expect(report).toMatchObject({
      mediaSsrc: 9,
      cumulativeLost: 1,
      fractionLost: 25,
      highestSequence: 0x1_0005,
      jitter: 0,
    });
    expect(statistics.report(400)).toMatchObject({ cumulativeLost: 1, fractionLost: 0 });
  });

  test('jitter, last sender report, restart of the sender', () => {
    const statistics = new ReceiverStatistics();
    for (let index = 0; index < 50; index++) feed(statistics, index, index * 40 + (index % 2) * 10, index * 3600);
    statistics.onSenderReport({ ntpSeconds: 0x1_0002, ntpFraction: 0x8000_0000 } as SenderReport, 2000);
    const report = statistics.report(3000)!;
    expect(report.jitter).toBeGreaterThan(700);
    expect(report.jitter).toBeLessThan(1000);
    expect(report).toMatchObject({ lastSenderReport: 0x2_8000, delaySinceLastSenderReport: 65_536 });
    feed(statistics, 30_000, 4000);
    expect(statistics.report(4000)).toMatchObject({ cumulativeLost: 0, highestSequence: 30_000, jitter: 0 });
  });
});
