import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idr, PPS, slice, SPS_1080, SPS_720 } from '../../../test/support/ps-builder.ts';
import { fuA, rtpPacket, stapA } from '../../../test/support/relay-packets.ts';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import type { RelayTrackOptions } from '../relay-types.ts';
import { parseRtcp, type SenderReport } from '../rtp/rtcp.ts';
import { createRtpView, parseRtp } from '../rtp/rtp-packet.ts';
import { FaultCounts } from './faults.ts';
import { RelayTrack, RELATCH_MS } from './relay-track.ts';

const SPROP = [SPS_1080, PPS].map((set) => set.toString('base64')).join(',');
const SENT_SSRC = 777;
const SENT_TYPE = 102;

interface Rig {
  readonly track: RelayTrack;
  readonly faults: FaultCounts;
  readonly sent: Buffer[];
  readonly reports: SenderReport[];
  readonly feed: (packet: Buffer, nowMs?: number) => boolean;
}

function rig(options: Partial<RelayTrackOptions> = {}): Rig {
  const sent: Buffer[] = [];
  const reports: SenderReport[] = [];
  const faults = new FaultCounts();
  const track = new RelayTrack(
    { kind: 'video', clockRate: 90_000, payloadType: 98, sentPayloadType: SENT_TYPE, sentSsrc: SENT_SSRC, ...options },
    {
      send: (buffer, start, end) => sent.push(Buffer.from(buffer.subarray(start, end))),
      sendReport: (report) => reports.push(report),
      faults,
      ownSsrc: 5,
    },
  );
  const feed = (packet: Buffer, nowMs = 0): boolean => track.onRtp(packet, 0, packet.length, nowMs);
  return { track, faults, sent, reports, feed };
}

const sequences = (sent: readonly Buffer[]): number[] => sent.map((packet) => packet.readUInt16BE(2));
const withSets = { spropParameterSets: SPROP };

test('payload type and SSRC are ours, everything else stays: marker, numbers, stamps, gaps', () => {
  const { feed, sent, track } = rig();
  feed(rtpPacket(slice(), { sequence: 65_534, timestamp: 90, marker: true }));
  feed(rtpPacket(slice(), { sequence: 65_535, timestamp: 180 }));
  feed(rtpPacket(slice(), { sequence: 3, timestamp: 270 }));
  expect(sequences(sent)).toEqual([65_534, 65_535, 3]);
  for (const packet of sent) expect([packet[1]! & 0x7f, packet.readUInt32BE(8)]).toEqual([SENT_TYPE, SENT_SSRC]);
  expect(sent.map((packet) => packet[1]! >> 7)).toEqual([1, 0, 0]);
  expect(sent.map((packet) => packet.readUInt32BE(4))).toEqual([90, 180, 270]);
  expect([track.packets, track.lost]).toEqual([3, 3]);
});

describe('parameter sets', () => {
  const first = (payload: Buffer) => rtpPacket(payload, { sequence: 10, timestamp: 900 });
  const cases: [string, Buffer, boolean][] = [
    ['single IDR', idr(), true],
    ['first fragment of an IDR', fuA(5, true), true],
    ['STAP-A with an IDR', stapA(Buffer.from([6, 1, 0x80]), idr(100)), true],
    ['later fragment of an IDR', fuA(5, false), false],
    ['slice', slice(), false],
    ['fragment of a slice', fuA(1, true), false],
    ['STAP-A with sets and IDR', stapA(SPS_1080, PPS, idr(100)), false],
    ['SPS', SPS_1080, false],
    ['SEI', Buffer.from([6, 1, 0x80]), false],
    ['one byte', Buffer.from([5]), false],
    ['empty', Buffer.alloc(0), false],
  ];
  test.each(cases)('%s', (_name, payload, inserted) => {
    const { feed, sent } = rig(withSets);
    feed(first(payload));
    expect(sent).toHaveLength(inserted ? 2 : 1);
    if (!inserted) return;
    const [sets, packet] = sent;
    expect(sets?.subarray(12)).toEqual(stapA(SPS_1080, PPS));
    expect([sets?.readUInt16BE(2), packet?.readUInt16BE(2)]).toEqual([10, 11]);
    expect([sets?.readUInt32BE(4), sets?.[1], sets?.readUInt32BE(8)]).toEqual([900, SENT_TYPE, SENT_SSRC]);
  });

  test('once for an access unit of several packets and slices; the numbers behind are shifted for good', () => {
    const { feed, sent } = rig(withSets);
    feed(rtpPacket(slice(), { sequence: 65_533, timestamp: 0 }));
    for (const [index, payload] of [fuA(5, true), fuA(5, false), idr()].entries()) {
      feed(rtpPacket(payload, { sequence: 65_534 + index, timestamp: 3600 }));
    }
    feed(rtpPacket(slice(), { sequence: 1, timestamp: 7200 }));
    feed(rtpPacket(idr(), { sequence: 2, timestamp: 10_800 }));
    feed(rtpPacket(slice(), { sequence: 3, timestamp: 14_400 }));
    expect(sequences(sent)).toEqual([65_533, 65_534, 65_535, 0, 1, 2, 3, 4, 5]);
  });

  test('those of the stream are used instead of those of the description; a stream with its own is left as it is', () => {
    const { feed, sent } = rig(withSets);
    feed(rtpPacket(SPS_720, { sequence: 1, timestamp: 0 }));
    feed(rtpPacket(PPS, { sequence: 2, timestamp: 0 }));
    feed(rtpPacket(idr(), { sequence: 3, timestamp: 0 }));
    expect(sent).toHaveLength(3);
    feed(rtpPacket(idr(), { sequence: 4, timestamp: 3600 }));
    expect(sent[3]?.subarray(12)).toEqual(stapA(SPS_720, PPS));
  });

  test('none are put before an IDR that comes late: the numbers there are in use', () => {
    const { feed, sent } = rig(withSets);
    feed(rtpPacket(slice(), { sequence: 1, timestamp: 0 }));
    feed(rtpPacket(slice(), { sequence: 3, timestamp: 7200 }));
    feed(rtpPacket(idr(), { sequence: 2, timestamp: 3600 }));
    feed(rtpPacket(slice(), { sequence: 4, timestamp: 10_800 }));
    expect(sequences(sent)).toEqual([1, 3, 2, 4]);
  });

  test('a stream without any is passed on as it is', () => {
    const { feed, sent } = rig({ spropParameterSets: '' });
    feed(rtpPacket(idr()));
    expect(sent).toHaveLength(1);
    const other = rig({ spropParameterSets: 'AAAA,====,,,' });
    other.feed(rtpPacket(idr()));
    expect(other.sent).toHaveLength(1);
  });

  test('a packet that comes late keeps its place before the insertion, and the shift lasts over a turn of the numbers', () => {
    const { feed, sent } = rig(withSets);
    feed(rtpPacket(slice(), { sequence: 1 }));
    feed(rtpPacket(idr(), { sequence: 3, timestamp: 3600 }));
    feed(rtpPacket(slice(), { sequence: 2 }));
    expect(sequences(sent)).toEqual([1, 3, 4, 2]);
    sent.length = 0;
    for (let sequence = 4; sequence < 70_000; sequence += 1) feed(rtpPacket(slice(4), { sequence }));
    expect(sequences(sent).every((sent_, index) => sent_ === ((index + 5) & 0xffff))).toBe(true);
  });
});

describe('H.264 that is too long for the network', () => {
  /** The NAL units that the sent packets carry, put together again. */
  function unitsOf(sent: readonly Buffer[]): Buffer[] {
    const units: Buffer[] = [];
    for (const packet of sent) {
      const payload = packet.subarray(12);
      expect(packet.length).toBeLessThanOrEqual(1400);
      if ((payload[0]! & 0x1f) !== 28) units.push(payload);
      else if ((payload[1]! & 0x80) === 0) units.push(Buffer.concat([units.pop()!, payload.subarray(2)]));
      else units.push(Buffer.concat([Buffer.from([(payload[0]! & 0xe0) | (payload[1]! & 0x1f)]), payload.subarray(2)]));
    }
    return units;
  }

  const long = slice(5000);
  const cases: [string, Buffer, Buffer[]][] = [
    ['a NAL unit', long, [long]],
    ['an aggregate', stapA(SPS_1080, PPS, idr(3000)), [SPS_1080, PPS, idr(3000)]],
    ['a NAL unit of just too many bytes', slice(1390), [slice(1390)]],
  ];
  test.each(cases)('%s', (_name, payload, units) => {
    const { feed, sent } = rig(withSets);
    feed(rtpPacket(slice(), { sequence: 9 }));
    feed(rtpPacket(payload, { sequence: 10, timestamp: 3600, marker: true }));
    feed(rtpPacket(slice(), { sequence: 11, timestamp: 7200 }));
    expect(unitsOf(sent.slice(1, -1))).toEqual(units);
    expect(sequences(sent)).toEqual(sent.map((_, index) => 9 + index));
    const markers = sent.map((packet) => packet[1]! >> 7);
    expect(markers).toEqual(sent.map((_, index) => (index === sent.length - 2 ? 1 : 0)));
    expect(sent.slice(1, -1).every((packet) => packet.readUInt32BE(4) === 3600)).toBe(true);
  });

  test('any NAL units, alone or aggregated, come out as they went in', () => {
    const nalu = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.uint8Array({ minLength: 1, maxLength: 6000 }));
    fc.assert(
      fc.property(fc.array(nalu, { minLength: 1, maxLength: 3 }), (parts) => {
        const units = parts.map(([type, body]) => Buffer.concat([Buffer.from([0x60 | type]), body]));
        const [only] = units;
        const payload = units.length === 1 ? only! : stapA(...units);
        const { feed, sent } = rig({ spropParameterSets: '' });
        feed(rtpPacket(payload));
        const whole = payload.length <= 1388;
        expect(whole ? [sent[0]?.subarray(12)] : unitsOf(sent)).toEqual(whole ? [payload] : units);
      }),
      { numRuns: 300 },
    );
  });

  test('the fragments of one are cut again, an IDR gets its sets before', () => {
    const { feed, sent } = rig(withSets);
    const nalu = idr(6000);
    const cut = [nalu.subarray(1, 2500), nalu.subarray(2500, 4500), nalu.subarray(4500)];
    for (const [index, body] of cut.entries()) {
      const bits = (index === 0 ? 0x80 : 0) | (index === 2 ? 0x40 : 0);
      const payload = Buffer.concat([Buffer.from([0x7c, bits | 5]), body]);
      feed(rtpPacket(payload, { sequence: 65_535 + index, marker: index === 2 }));
    }
    expect(unitsOf(sent.slice(1))).toEqual([nalu]);
    expect(sequences(sent)).toEqual(sent.map((_, index) => (65_535 + index) & 0xffff));
    const bits = sent.slice(1).map((packet) => packet[13]! >> 6);
    expect(bits).toEqual([2, ...bits.slice(1, -1).map(() => 0), 1]);
  });

  test('packets that come late, behind whatever was cut meanwhile, get the numbers that were kept for them', () => {
    const { feed, sent } = rig(withSets);
    // Each is told apart by its time; every third one is cut.
    const packet = (sequence: number): Buffer =>
      rtpPacket(sequence % 3 === 2 ? slice(3000) : slice(), { sequence: sequence & 0xffff, timestamp: sequence });
    const order: number[] = [];
    for (let first = 65_000; first < 66_000; first += 6) order.push(first, first + 3, first + 5, first + 4, first + 1);
    for (const sequence of order) feed(packet(sequence));
    for (let first = 65_002; first < 66_000; first += 6) feed(packet(first));
    const numbered = sent
      .map((out) => ({ number: out.readUInt16BE(2), timestamp: out.readUInt32BE(4) }))
      .map(({ number, timestamp }) => ({ number: number < 60_000 ? number + 65_536 : number, timestamp }));
    const sorted = numbered.toSorted((a, b) => a.number - b.number);
    expect(new Set(sorted.map(({ number }) => number)).size).toBe(sorted.length);
    expect(sorted.map(({ timestamp }) => timestamp)).toEqual(
      numbered.map(({ timestamp }) => timestamp).toSorted((a, b) => a - b),
    );
  });

  test('a source that counts anew from far behind is cut and gets its sets as before', () => {
    const { feed, sent } = rig(withSets);
    feed(rtpPacket(slice(), { sequence: 20_000, timestamp: 0 }));
    feed(rtpPacket(idr(), { sequence: 10, timestamp: 3600 }));
    feed(rtpPacket(long, { sequence: 11, timestamp: 7200 }));
    expect(sent[1]?.subarray(12)).toEqual(stapA(SPS_1080, PPS));
    expect(unitsOf(sent.slice(3))).toEqual([long]);
  });

  test('a repeated one takes no further numbers; other codecs and what cannot be cut stay as they are', () => {
    const { feed, sent } = rig(withSets);
    feed(rtpPacket(long, { sequence: 1 }));
    const pieces = sent.length;
    feed(rtpPacket(long, { sequence: 1 }));
    feed(rtpPacket(slice(), { sequence: 2 }));
    expect(sent.at(-1)?.readUInt16BE(2)).toBe(pieces + 1);
    feed(rtpPacket(Buffer.concat([Buffer.from([0x7d]), Buffer.alloc(2000)]), { sequence: 3 }));
    feed(rtpPacket(stapA(slice(1000), slice(1000)).subarray(0, 1600), { sequence: 4 }));
    expect(sequences(sent.slice(-2))).toEqual([pieces + 2, pieces + 3]);
    const vp8 = rig();
    vp8.feed(rtpPacket(Buffer.alloc(3000, 0x10)));
    expect(vp8.sent).toHaveLength(1);
  });
});

describe('source', () => {
  test('another SSRC is counted while the first one sends, and goes on in its place after a silence', () => {
    const { feed, sent, faults, track } = rig();
    feed(rtpPacket(slice(), { sequence: 100, timestamp: 9000, ssrc: 1 }), 0);
    expect(feed(rtpPacket(slice(), { sequence: 7, timestamp: 5, ssrc: 2 }), RELATCH_MS - 1)).toBe(false);
    expect(feed(rtpPacket(slice(), { sequence: 8, timestamp: 5, ssrc: 2 }), RELATCH_MS)).toBe(true);
    feed(rtpPacket(slice(), { sequence: 9, timestamp: 3605, ssrc: 2 }), RELATCH_MS + 40);
    expect(sequences(sent)).toEqual([100, 101, 102]);
    expect(sent.map((packet) => packet.readUInt32BE(4))).toEqual([9000, 99_000, 102_600]);
    expect(faults.record).toEqual({ wrong_ssrc: 1 });
    expect(track.lost).toBe(0);
    expect(feed(rtpPacket(slice(), { ssrc: 1 }), RELATCH_MS + 41)).toBe(false);
  });

  test('connected again: the same SSRC or another one goes on at once, whatever it counts', () => {
    for (const ssrc of [1, 2]) {
      const { feed, sent, faults, track } = rig();
      feed(rtpPacket(slice(), { sequence: 100, timestamp: 9000, ssrc: 1 }), 0);
      track.restart(50);
      for (const [index, sequence] of [60_000, 60_001].entries()) {
        feed(rtpPacket(slice(), { sequence, timestamp: 5 + index * 3600, ssrc }), 100 + index * 40);
      }
      expect(sequences(sent)).toEqual([100, 101, 102]);
      expect(sent.map((packet) => packet.readUInt32BE(4))).toEqual([9000, 18_000, 21_600]);
      expect([faults.record, track.lost]).toEqual([{}, 0]);
    }
  });

  test('what leaves goes on behind the furthest packet of the former source, not behind one that came late', () => {
    const { feed, sent, track } = rig();
    feed(rtpPacket(slice(), { sequence: 1, timestamp: 0, ssrc: 1 }), 0);
    feed(rtpPacket(slice(), { sequence: 3, timestamp: 7200, ssrc: 1 }), 0);
    feed(rtpPacket(slice(), { sequence: 2, timestamp: 3600, ssrc: 1 }), 0);
    track.restart(0);
    feed(rtpPacket(slice(), { sequence: 500, timestamp: 70, ssrc: 2 }), 100);
    expect([sequences(sent).at(-1), sent.at(-1)?.readUInt32BE(4)]).toEqual([4, 16_200]);
  });

  test('what the former connection still sends does not use up the new beginning', () => {
    const { feed, sent, track, faults } = rig();
    feed(rtpPacket(slice(), { sequence: 1, timestamp: 0, ssrc: 1 }), 0);
    track.restart(10);
    expect(feed(rtpPacket(slice(), { sequence: 2, timestamp: 3600, ssrc: 1 }), 40)).toBe(true);
    expect(feed(rtpPacket(slice(), { sequence: 900, timestamp: 5, ssrc: 2 }), 60)).toBe(true);
    expect(feed(rtpPacket(slice(), { sequence: 3, timestamp: 7200, ssrc: 1 }), 80)).toBe(false);
    expect(sequences(sent)).toEqual([1, 2, 3]);
    expect(sent[1]?.readUInt32BE(4)).toBe(3600);
    expect(faults.record).toEqual({ wrong_ssrc: 1 });
  });

  test('connected again, the packets lost before are counted once', () => {
    const { feed, track } = rig();
    for (const sequence of [1, 2, 6]) feed(rtpPacket(slice(), { sequence, timestamp: 0, ssrc: 1 }), 0);
    expect(track.lost).toBe(3);
    track.restart(0);
    for (const sequence of [8, 9]) feed(rtpPacket(slice(), { sequence, timestamp: 9_000_000, ssrc: 1 }), 0);
    expect(track.lost).toBe(3);
  });

  test('a sender report does not go on between a new connection and its first packet', () => {
    const { feed, track, reports } = rig();
    const report = Buffer.alloc(28);
    report.set([0x80, 200, 0, 6]);
    report.writeUInt32BE(0x1234, 4);
    report.writeUInt32BE(5000, 16);
    feed(rtpPacket(slice(), { sequence: 1, timestamp: 90_000 }), 0);
    track.restart(0);
    track.onRtcp(report, 0);
    expect(reports).toEqual([]);
    feed(rtpPacket(slice(), { sequence: 700, timestamp: 5000 }), 0);
    track.onRtcp(report, 0);
    expect(reports).toMatchObject([{ rtpTimestamp: 90_000 }]);
  });

  test.each([
    ['short', Buffer.alloc(11, 0x80), 'rtp_too_short'],
    ['version 1', Buffer.alloc(20, 0x40), 'rtp_bad_version'],
    ['another payload type', rtpPacket(slice(), { payloadType: 97 }), 'wrong_payload_type'],
    ['a payload type of RTCP', rtpPacket(slice(), { payloadType: 72 }), 'rtp_bad_payload_type'],
    [
      'an extension that is longer than the packet',
      Buffer.from('906200010000000000001234bede00ff', 'hex'),
      'rtp_bad_extension',
    ],
    [
      'padding that is longer than the packet',
      Buffer.from('a06200010000000000001234000000ff', 'hex'),
      'rtp_bad_padding',
    ],
    ['64 KiB', rtpPacket(Buffer.alloc(65_000)), 'rtp_too_long'],
  ])('%s is counted and left out', (_name, packet, fault) => {
    const { feed, sent, faults } = rig(withSets);
    expect(feed(packet)).toBe(false);
    expect(sent).toEqual([]);
    expect(faults.record).toEqual({ [fault]: 1 });
  });

  test('sender reports go on under our SSRC, in step with the packets; reports and key frame requests name the source', () => {
    const { feed, track, reports, faults } = rig();
    expect([track.formatReport(0), track.formatKeyFrameRequest()]).toEqual([undefined, undefined]);
    const report = Buffer.alloc(28);
    report.set([0x80, 200, 0, 6]);
    report.writeUInt32BE(0x1234, 4);
    report.writeUInt32BE(3_900_000_000, 8);
    report.writeUInt32BE(0x8000_0000, 12);
    report.writeUInt32BE(90_000, 16);
    track.onRtcp(report, 0);
    expect(reports).toEqual([]);
    feed(rtpPacket(slice()), 0);
    track.onRtcp(report, 0);
    expect(reports).toMatchObject([
      { ssrc: SENT_SSRC, ntpSeconds: 3_900_000_000, ntpFraction: 0x8000_0000, rtpTimestamp: 90_000 },
    ]);
    expect(parseRtcp(track.formatReport(10)!)).toMatchObject([{ type: 'rr', ssrc: 5 }, { type: 'other' }]);
    expect(track.formatReport(10)!.readUInt32BE(8)).toBe(0x1234);
    expect(parseRtcp(track.formatKeyFrameRequest()!)).toContainEqual({ type: 'pli', mediaSsrc: 0x1234 });
    track.onRtcp(Buffer.from([0x80, 200, 0, 9]), 0);
    expect(faults.record).toEqual({ rtcp_bad: 1 });
  });
});

test('200,000 mutated packets are sent on as RTP of ours or counted', () => {
  const random = seededRandom(3);
  const seeds = [
    rtpPacket(idr(40)),
    rtpPacket(stapA(SPS_1080, PPS, idr(20))),
    rtpPacket(fuA(5, true, 20)),
    rtpPacket(SPS_720, { marker: true }),
    rtpPacket(idr(2000)),
    rtpPacket(stapA(SPS_1080, PPS, idr(1500))),
    Buffer.from('9062000100000000000012341000000101020304aabbccdd', 'hex'),
  ];
  const { feed, sent, faults, track } = rig(withSets);
  const view = createRtpView();
  const target = Buffer.alloc(2200);
  let taken = 0;
  for (let round = 0; round < 200_000; round += 1) {
    const seed = seeds[round % seeds.length]!;
    const packet = target.subarray(0, mutate(seed, target, random));
    // Time goes on, so that other SSRCs get their turn.
    if (feed(packet, round * 3)) taken += 1;
    for (const packet_ of sent) {
      if (parseRtp(packet_, view) !== undefined || view.ssrc !== SENT_SSRC || view.payloadType !== SENT_TYPE) {
        expect.fail(`round ${round}: ${packet_.toString('hex')}`);
      }
    }
    sent.length = 0;
  }
  const counted = Object.values(faults.record).reduce((sum, count) => sum + count, 0);
  expect(track.packets).toBe(taken);
  expect(taken + counted).toBe(200_000);
  expect(taken).toBeGreaterThan(10_000);
});
