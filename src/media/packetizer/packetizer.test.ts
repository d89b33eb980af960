import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MediaRecorder } from '../../../test/support/media-recorder.ts';
import { filler, idr, PPS, slice, SPS_1080 } from '../../../test/support/ps-builder.ts';
import { ALAW_TO_ULAW, ULAW_TO_ALAW } from '../codec/g711.ts';
import { createRtpView, parseRtp } from '../rtp/rtp-packet.ts';
import type { AccessUnit } from '../types.ts';
import { createG711Packetizer } from './g711-packetizer.ts';
import { createH264Packetizer } from './h264-packetizer.ts';

interface Sent {
  payload: Buffer;
  marker: boolean;
  sequenceNumber: number;
  timestamp: number;
  payloadType: number;
  ssrc: number;
  packet: Buffer;
}

function collector(): { sent: Sent[]; sink: (buffer: Buffer, start: number, end: number, marker: boolean) => void } {
  const sent: Sent[] = [];
  return {
    sent,
    sink: (buffer, start, end, marker) => {
      const packet = Buffer.from(buffer.subarray(start, end));
      const view = createRtpView();
      expect(parseRtp(packet, view)).toBeUndefined();
      expect(view.marker).toBe(marker);
      const { sequenceNumber, timestamp, payloadType, ssrc, payloadStart, payloadEnd } = view;
      sent.push({
        packet,
        payload: packet.subarray(payloadStart, payloadEnd),
        marker,
        sequenceNumber,
        timestamp,
        payloadType,
        ssrc,
      });
    },
  };
}

function unit(nalus: Buffer[], fields: Partial<AccessUnit> = {}): AccessUnit {
  return {
    codec: 'h264',
    pts90k: 0,
    dts90k: 0,
    keyFrame: nalus.some((nalu) => (nalu[0]! & 0x1f) === 5),
    nalus,
    ...fields,
  };
}

describe('createH264Packetizer', () => {
  test('STAP-A for parameter sets and SEI, FU-A for the picture, marker on the last', () => {
    const packetizer = createH264Packetizer({ ssrc: 0x1234_5678, payloadType: 102 });
    const { sent, sink } = collector();
    const sei = Buffer.concat([Buffer.from([0x06, 5]), filler(20)]);
    packetizer.packetize(
      unit([Buffer.from([0x09, 0xf0]), SPS_1080, PPS, sei, idr(3000), Buffer.from([0x0c, 0xff, 0x80])]),
      sink,
    );
    expect(sent.map(({ payload }) => payload[0]! & 0x1f)).toEqual([24, 28, 28, 28]);
    expect(sent[0]!.payload).toEqual(
      Buffer.concat([
        Buffer.from([0x78, 0, SPS_1080.length]),
        SPS_1080,
        Buffer.from([0, PPS.length]),
        PPS,
        Buffer.from([0, sei.length]),
        sei,
      ]),
    );
    expect(sent.slice(1).map(({ payload }) => payload[1])).toEqual([0x85, 0x05, 0x45]);
    expect(Buffer.concat([Buffer.from([0x65]), ...sent.slice(1).map(({ payload }) => payload.subarray(2))])).toEqual(
      idr(3000),
    );
    expect(sent.map(({ marker }) => marker)).toEqual([false, false, false, true]);
    expect(
      sent.every(
        (packet) =>
          packet.ssrc === 0x1234_5678 && packet.payloadType === 102 && packet.timestamp === sent[0]!.timestamp,
      ),
    ).toBe(true);
    expect(sent.every(({ payload }) => payload.length <= 1200)).toBe(true);
  });

  test('packets stand one behind the other and stay until the next call', () => {
    const packetizer = createH264Packetizer({ ssrc: 1, payloadType: 96 });
    const spans: [Buffer, number, number][] = [];
    packetizer.packetize(unit([SPS_1080, PPS, idr(90_000)]), (buffer, start, end) => spans.push([buffer, start, end]));
    spans.slice(1).forEach(([buffer, start], index) => {
      expect(buffer).toBe(spans[index]![0]);
      expect(start).toBe(spans[index]![2]);
    });
  });

  test('SPS and PPS come before each IDR, from the last ones seen', () => {
    const packetizer = createH264Packetizer({ ssrc: 1, payloadType: 96 });
    const { sent, sink } = collector();
    packetizer.packetize(unit([idr(100)]), sink);
    expect(sent.map(({ payload }) => payload[0]! & 0x1f)).toEqual([5]);
    packetizer.packetize(unit([SPS_1080, PPS, idr(100)]), sink);
    packetizer.packetize(unit([idr(100)]), sink);
    packetizer.packetize(unit([SPS_1080, idr(100)]), sink);
    expect(sent[2]!.payload).toEqual(sent[1]!.payload);
    expect(sent[3]!.payload).toEqual(sent[1]!.payload);
  });

  test('a single small unit, a full STAP-A, units of another codec, nothing to send', () => {
    const packetizer = createH264Packetizer({ ssrc: 1, payloadType: 96, maxPayload: 300 });
    const { sent, sink } = collector();
    packetizer.packetize(unit([slice(200)]), sink);
    expect(sent[0]!.payload).toEqual(slice(200));
    packetizer.packetize(
      unit([slice(140, 1), slice(140, 2, false), slice(140, 3, false), slice(301, 4, false), slice(50, 5, false)]),
      sink,
    );
    expect(sent.slice(1).map(({ payload, marker }) => [payload[0]! & 0x1f, marker])).toEqual([
      [24, false],
      [1, false],
      [28, false],
      [28, false],
      [1, true],
    ]);
    packetizer.packetize(unit([slice()], { codec: 'h265' }), sink);
    packetizer.packetize(unit([]), sink);
    packetizer.packetize(unit([Buffer.from([0x09, 0xf0]), Buffer.alloc(0)]), sink);
    expect(sent).toHaveLength(6);
  });

  test('timestamps follow PTS, sequence numbers are contiguous', () => {
    const packetizer = createH264Packetizer({ ssrc: 1, payloadType: 96 });
    const { sent, sink } = collector();
    for (let index = 0; index < 50; index++) packetizer.packetize(unit([slice(2500)], { pts90k: index * 3600 }), sink);
    sent
      .slice(1)
      .forEach((packet, index) => expect(packet.sequenceNumber).toBe((sent[index]!.sequenceNumber + 1) & 0xffff));
    expect((sent.at(-1)!.timestamp - sent[0]!.timestamp) >>> 0).toBe(49 * 3600);
  });

  test('property: what goes out comes back in through the depacketizer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 4, max: 4000 }), { minLength: 1, maxLength: 5 }), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.integer({ min: 64, max: 1400 }),
        (pictures, maxPayload) => {
          const packetizer = createH264Packetizer({ ssrc: 7, payloadType: 98, maxPayload });
          const recorder = new MediaRecorder();
          recorder.depacketizer.setPayloads([{ payloadType: 98, encoding: 'H264/90000' }]);
          const units = pictures.map((sizes, index) =>
            unit(
              index === 0
                ? [SPS_1080, PPS, ...sizes.map((bytes) => idr(bytes))]
                : sizes.map((bytes, part) => slice(bytes, part, part === 0)),
              { pts90k: index * 3600 },
            ),
          );
          const sizesOf = (list: readonly AccessUnit[]): number[][] =>
            list.map(({ nalus }) => nalus.map((nalu) => nalu.length));
          units[0] = unit([SPS_1080, PPS, idr(pictures[0]![0]!)]);
          for (const each of units) {
            packetizer.packetize(each, (buffer, start, end, marker) => {
              recorder.push(Buffer.from(buffer.subarray(start, end)));
              if (marker) recorder.nowMs += 40;
            });
          }
          expect(sizesOf(recorder.units)).toEqual(sizesOf(units));
          expect(recorder.errors).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('createG711Packetizer', () => {
  test.each([160, 320, 100, 1280, 37])(
    'frames of %i bytes go out in packets of 20 ms with a contiguous clock',
    (bytes) => {
      const packetizer = createG711Packetizer({ ssrc: 5, payloadType: 8, output: 'pcma' });
      const { sent, sink } = collector();
      const input = filler(bytes * 40);
      for (let index = 0; index < 40; index++) {
        const payload = input.subarray(index * bytes, (index + 1) * bytes);
        packetizer.packetize({ codec: 'pcma', pts90k: (index * bytes * 90_000) / 8000, payload }, sink);
      }
      expect(sent.every(({ payload }) => payload.length === 160)).toBe(true);
      expect(sent).toHaveLength(Math.floor((bytes * 40) / 160));
      expect(Buffer.concat(sent.map(({ payload }) => payload)).equals(input.subarray(0, sent.length * 160))).toBe(true);
      sent.slice(1).forEach((packet, index) => {
        expect((packet.timestamp - sent[index]!.timestamp) >>> 0).toBe(160);
        expect(packet.sequenceNumber).toBe((sent[index]!.sequenceNumber + 1) & 0xffff);
      });
      expect(sent.map(({ marker }) => marker)).toEqual(sent.map((_, index) => index === 0));
    },
  );

  test.each([
    ['pcma', 'pcmu', ALAW_TO_ULAW],
    ['pcmu', 'pcma', ULAW_TO_ALAW],
  ] as const)('%s → %s', (input, output, table) => {
    const packetizer = createG711Packetizer({ ssrc: 5, payloadType: 0, output });
    const { sent, sink } = collector();
    const payload = filler(100);
    for (let index = 0; index < 8; index++) packetizer.packetize({ codec: input, pts90k: index * 1125, payload }, sink);
    const expected = Buffer.concat(Array.from({ length: 8 }, () => payload)).map((byte) => table[byte]!);
    expect(Buffer.concat(sent.map((packet) => packet.payload)).equals(Buffer.from(expected))).toBe(true);
  });

  test('a drift of up to 60 ms is ridden out; more sets the clock anew', () => {
    const packetizer = createG711Packetizer({ ssrc: 5, payloadType: 8, output: 'pcma' });
    const { sent, sink } = collector();
    const send = (ms: number): void =>
      packetizer.packetize({ codec: 'pcma', pts90k: ms * 90, payload: filler(200) }, sink);
    for (const ms of [0, 25, 50 + 59, 75 + 59, 500]) send(ms);
    const steps = sent.slice(1).map((packet, index) => (packet.timestamp - sent[index]!.timestamp) >>> 0);
    expect(steps).toEqual([160, 160, 160, 160, 500 * 8 - 4 * 160]);
    expect(sent.map(({ marker }) => marker)).toEqual([true, false, false, false, false, true]);
  });

  test('other codecs and empty payloads are ignored', () => {
    const packetizer = createG711Packetizer({ ssrc: 5, payloadType: 8, output: 'pcma' });
    const { sent, sink } = collector();
    packetizer.packetize({ codec: 'aac', pts90k: 0, payload: filler(400) }, sink);
    packetizer.packetize({ codec: 'pcma', pts90k: 0, payload: Buffer.alloc(0) }, sink);
    expect(sent).toEqual([]);
  });
});
