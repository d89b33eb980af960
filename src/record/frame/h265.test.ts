import { describe, expect, test } from 'vitest';
import { FrameRecorder } from '../../../test/support/frame-recorder.ts';
import { H265_PPS, H265_SPS, H265_VPS } from '../../../test/support/ps-builder.ts';
import { H265Depacketizer } from './h265.ts';

const recorder = (): FrameRecorder => new FrameRecorder((sink) => new H265Depacketizer(sink));

const withLength = (nalu: Buffer): Buffer[] => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(nalu.length);
  return [length, nalu];
};
const sized = (...nalus: Buffer[]): string => Buffer.concat(nalus.flatMap(withLength)).toString('hex');

/** A slice segment of this type; the first of its picture. */
const slice = (type: number, bytes: number): Buffer =>
  Buffer.concat([Buffer.from([type << 1, 1, 0x80]), Buffer.alloc(bytes - 3, 7)]);
const IDR_W_RADL = 19;
const TRAIL_R = 1;

function aggregate(...nalus: Buffer[]): Buffer {
  const parts = nalus.flatMap((nalu) => [Buffer.from([nalu.length >> 8, nalu.length & 0xff]), nalu]);
  return Buffer.concat([Buffer.from([48 << 1, 1]), ...parts]);
}

function fragments(nalu: Buffer, bytes: number): Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 2; at < nalu.length; at += bytes) {
    const flags = (at === 2 ? 0x80 : 0) | (at + bytes >= nalu.length ? 0x40 : 0);
    const header = Buffer.from([(nalu[0]! & 0x81) | (49 << 1), nalu[1]!, flags | (nalu[0]! >> 1)]);
    packets.push(Buffer.concat([header, nalu.subarray(at, at + bytes)]));
  }
  return packets;
}

describe('H265Depacketizer (RFC 7798)', () => {
  test('single NAL units, aggregates and fragments become access units; parameter sets go into the header', () => {
    const out = recorder();
    out.push(aggregate(H265_VPS, H265_SPS, H265_PPS), { timestamp: 0 });
    for (const part of fragments(slice(IDR_W_RADL, 700), 300)) out.push(part, { timestamp: 0 });
    out.push(Buffer.from([35 << 1, 1, 0x50]), { timestamp: 3600 });
    out.push(slice(TRAIL_R, 100), { timestamp: 3600, marker: true });
    out.depacketizer.flush();
    expect(out.errors).toEqual([]);
    expect(out.data).toEqual([sized(slice(IDR_W_RADL, 700)), sized(slice(TRAIL_R, 100))]);
    expect(out.frames.map(({ keyFrame, timestamp }) => [keyFrame, timestamp])).toEqual([
      [true, 0],
      [false, 3600],
    ]);
    const { format } = out.frames[0]!;
    expect(format).toMatchObject({ encoding: 'H265', width: 1920, height: 1080 });
    const set = (type: number, nalu: Buffer): string =>
      `${(0x80 | type).toString(16)}0001${nalu.length.toString(16).padStart(4, '0')}${nalu.toString('hex')}`;
    // Main profile, tier 0, level 4: 12 bytes; then 4:2:0 with eight bits, one temporal layer.
    expect(format?.configuration.toString('hex')).toBe(
      `01016000000090000000000078f000fcfdf8f800000f03${set(32, H265_VPS)}${set(33, H265_SPS)}${set(34, H265_PPS)}`,
    );
  });

  test('parameter sets that change are another format, and in its key frames', () => {
    const out = recorder();
    const key = (timestamp: number, pps: Buffer): void => {
      out.push(aggregate(H265_VPS, H265_SPS, pps), { timestamp });
      out.push(slice(IDR_W_RADL, 50), { timestamp, marker: true });
    };
    const other = Buffer.from('4401c172b46241', 'hex');
    key(0, H265_PPS);
    key(3600, H265_PPS);
    key(7200, other);
    out.depacketizer.flush();
    const [first, second, third] = out.frames;
    expect(second?.format).toBe(first?.format);
    expect(third?.format?.configuration.includes(other)).toBe(true);
    expect(out.data.slice(1)).toEqual([
      sized(slice(IDR_W_RADL, 50)),
      sized(H265_VPS, H265_SPS, other, slice(IDR_W_RADL, 50)),
    ]);
  });

  test.each([
    {
      name: 'a fragment whose start was lost',
      payloads: fragments(slice(IDR_W_RADL, 700), 300).slice(1),
      error: 'fragment_without_start',
    },
    {
      name: 'an aggregate cut short',
      payloads: [aggregate(H265_VPS, H265_SPS).subarray(0, 20)],
      error: 'payload_truncated',
    },
    {
      name: 'a fragment without a byte',
      payloads: [Buffer.from([98, 1, 0x80 | IDR_W_RADL])],
      error: 'payload_truncated',
    },
    {
      name: 'a later slice of a picture whose first was lost',
      payloads: [Buffer.from([2, 1, 0, 7])],
      error: 'frame_incomplete',
    },
    { name: 'a key frame without parameter sets', payloads: [slice(IDR_W_RADL, 50)], error: 'format_unreadable' },
    { name: 'a payload of no known kind', payloads: [Buffer.from([50 << 1, 1, 2])], error: 'payload_unsupported' },
  ])('$name is counted, not written', ({ payloads, error }) => {
    const out = recorder();
    for (const payload of payloads) out.push(payload, { timestamp: 0 });
    out.depacketizer.flush();
    expect([out.errors, out.frames]).toEqual([[error], []]);
  });
});
