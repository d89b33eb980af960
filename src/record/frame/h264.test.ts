import { describe, expect, test } from 'vitest';
import { FrameRecorder } from '../../../test/support/frame-recorder.ts';
import { idr, PPS, slice, SPS_1080, SPS_720 } from '../../../test/support/ps-builder.ts';
import { H264Depacketizer } from './h264.ts';

const recorder = (sprop?: string): FrameRecorder => new FrameRecorder((sink) => new H264Depacketizer(sink, sprop));

function sized(...nalus: Buffer[]): string {
  return Buffer.concat(
    nalus.flatMap((nalu) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(nalu.length);
      return [length, nalu];
    }),
  ).toString('hex');
}

function stapA(...nalus: Buffer[]): Buffer {
  const parts = nalus.flatMap((nalu) => [Buffer.from([nalu.length >> 8, nalu.length & 0xff]), nalu]);
  return Buffer.concat([Buffer.from([0x78]), ...parts]);
}

function fuA(nalu: Buffer, mtu: number): Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 1; at < nalu.length; at += mtu) {
    const start = at === 1 ? 0x80 : 0;
    const end = at + mtu >= nalu.length ? 0x40 : 0;
    const header = Buffer.from([(nalu[0]! & 0xe0) | 28, start | end | (nalu[0]! & 0x1f)]);
    packets.push(Buffer.concat([header, nalu.subarray(at, at + mtu)]));
  }
  return packets;
}

describe('H264Depacketizer', () => {
  test('single NAL units, STAP-A and FU-A become access units with their parameter sets', () => {
    const out = recorder();
    out.push(stapA(SPS_720, PPS), { timestamp: 0 });
    for (const part of fuA(idr(700), 300)) out.push(part, { timestamp: 0 });
    out.push(slice(100), { timestamp: 3600, marker: true });
    out.push(slice(90), { timestamp: 7200, marker: true });
    out.depacketizer.flush();
    expect(out.data).toEqual([sized(SPS_720, PPS, idr(700)), sized(slice(100)), sized(slice(90))]);
    expect(out.frames.map(({ keyFrame, timestamp }) => [keyFrame, timestamp])).toEqual([
      [true, 0],
      [false, 3600],
      [false, 7200],
    ]);
    expect(out.frames[0]!.format).toMatchObject({ encoding: 'H264', width: 1280, height: 720 });
    expect(out.frames[0]!.format!.configuration.toString('hex')).toBe(
      `0164001fffe1001a${SPS_720.toString('hex')}010005${PPS.toString('hex')}`,
    );
    expect(out.errors).toEqual([]);
  });

  test('parameter sets of the SDP are in front of a key frame without its own', () => {
    const out = recorder(`${SPS_1080.toString('base64')},${PPS.toString('base64')}`);
    out.push(idr(50), { timestamp: 0, marker: true });
    out.depacketizer.flush();
    expect(out.data).toEqual([sized(SPS_1080, PPS, idr(50))]);
  });

  test('quirk: a marker on every NAL unit (cameras that set it per slice) keeps the picture whole', () => {
    const out = recorder();
    for (const nalu of [SPS_720, PPS, idr(60), slice(40, 3, false)]) out.push(nalu, { timestamp: 5, marker: true });
    out.depacketizer.flush();
    expect(out.frames).toHaveLength(1);
  });

  test('another SPS is another format, the same one is the same object', () => {
    const out = recorder();
    for (const [index, sps] of [SPS_720, SPS_720, SPS_1080].entries()) {
      out.push(stapA(sps, PPS, idr(60)), { timestamp: index });
    }
    out.depacketizer.flush();
    const formats = out.frames.map(({ format }) => format);
    expect(formats[0]).toBe(formats[1]);
    expect(formats[2]).toMatchObject({ width: 1920, height: 1080 });
  });

  const frame = [stapA(SPS_720, PPS), ...fuA(idr(700), 300)];
  test.each([
    { name: 'loss in the middle of a fragmented unit', packets: frame.filter((_, index) => index !== 2), gapBefore: 2 },
    { name: 'loss of its end', packets: frame.slice(0, -1), gapBefore: frame.length - 1 },
    { name: 'loss of its start', packets: [frame[0]!, ...frame.slice(2)], gapBefore: 1 },
    { name: 'loss of the first slice', packets: [slice(60, 3, false)], gapBefore: 0 },
  ])('$name drops the picture', ({ packets, gapBefore }) => {
    const out = recorder();
    for (const [index, packet] of packets.entries()) {
      if (index === gapBefore) out.depacketizer.gap();
      out.push(packet, { timestamp: 9 });
    }
    if (gapBefore === packets.length) out.depacketizer.gap();
    out.push(slice(50), { timestamp: 10 });
    out.depacketizer.flush();
    expect(out.data).toEqual([sized(slice(50))]);
  });

  test.each([
    { name: 'FU-A without room for a header', packet: '7c85', error: 'payload_truncated' },
    { name: 'FU-A without its start', packet: '7c058899', error: 'fragment_without_start' },
    { name: 'STAP-A with a size behind the end', packet: '78 0010 65', error: 'payload_truncated' },
    { name: 'a type that nobody sends', packet: '7e 00', error: 'payload_unsupported' },
  ])('$name: $error', ({ packet, error }) => {
    const out = recorder();
    out.push(packet);
    out.depacketizer.flush();
    expect(out.errors).toEqual([error]);
    expect(out.frames).toEqual([]);
  });

  test('a key frame without parameter sets anywhere is none', () => {
    const out = recorder();
    out.push(idr(50), { timestamp: 0 });
    out.depacketizer.flush();
    expect(out.errors).toEqual(['format_unreadable']);
  });
});
