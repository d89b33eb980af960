import { describe, expect, test } from 'vitest';
import { FrameRecorder } from '../../../test/support/frame-recorder.ts';
import { parseAv1SequenceHeader } from './av1-sequence-header.ts';
import { Av1Depacketizer } from './av1.ts';
import { formatLeb128, readLeb128 } from './leb128.ts';

/** Made with libaom; without the OBU header. */
const SEQUENCE_360 = '0000000cc4ff6736be4010';
const SEQUENCE_720 = '0000002d4cffb3cdaf9004';
const SEQUENCE_TEN_BITS = '00000004 3cffbcdaf94040'.replaceAll(' ', '');
const SEQUENCE_444 = '200000043cffbcdaf902';
/** show_existing_frame 0, frame_type 0 and 1. */
const KEY_FRAME = '10aabb';
const DELTA_FRAME = '30ccdd';
const recorder = (): FrameRecorder => new FrameRecorder((sink) => new Av1Depacketizer(sink));

describe('parseAv1SequenceHeader', () => {
  test.each([
    { name: '640x360', bytes: SEQUENCE_360, header: { profile: 0, level: 1, width: 640, height: 360 } },
    { name: '1280x720', bytes: SEQUENCE_720, header: { profile: 0, level: 5, width: 1280, height: 720 } },
    { name: 'ten bits', bytes: SEQUENCE_TEN_BITS, header: { width: 320, highBitDepth: true, subsamplingX: true } },
    {
      name: '4:4:4',
      bytes: SEQUENCE_444,
      header: { profile: 1, width: 320, height: 240, subsamplingX: false, subsamplingY: false },
    },
  ])('$name', ({ bytes, header }) => {
    expect(parseAv1SequenceHeader(Buffer.from(bytes, 'hex'))).toMatchObject(header);
  });

  test('cut off', () => {
    expect(parseAv1SequenceHeader(Buffer.from(SEQUENCE_360.slice(0, 12), 'hex'))).toBeUndefined();
  });
});

test.each([0, 1, 127, 128, 300, 0xffff, 0xffff_ffff])('leb128 of %i', (value) => {
  const bytes = formatLeb128(value);
  expect(readLeb128(bytes, 0)).toEqual({ value, next: bytes.length });
  expect(readLeb128(bytes.subarray(0, -1), 0)).toBeUndefined();
});

describe('Av1Depacketizer', () => {
  const unit = `0a0b${SEQUENCE_360}3203${KEY_FRAME}`;

  test.each([
    { name: 'W = 2', packets: [`28 0c 08${SEQUENCE_360} 30${KEY_FRAME}`] },
    { name: 'W = 0, sizes on all', packets: [`08 0c 08${SEQUENCE_360} 04 30${KEY_FRAME}`] },
    { name: 'temporal delimiter is left out', packets: [`38 01 10 0c 08${SEQUENCE_360} 30${KEY_FRAME}`] },
    { name: 'OBUs with their own size', packets: [`28 0d 0a0b${SEQUENCE_360} 3203${KEY_FRAME}`] },
    { name: 'an OBU in two packets', packets: [`68 0c 08${SEQUENCE_360} 3010`, '90 aabb'] },
    { name: 'an OBU in three packets', packets: [`68 0c 08${SEQUENCE_360} 30`, 'd0 10aa', '90 bb'] },
  ])('aggregation (RTP payload format for AV1, 4.4): $name', ({ packets }) => {
    const out = recorder();
    for (const [index, packet] of packets.entries()) {
      out.push(packet, { timestamp: 4, marker: index === packets.length - 1 });
    }
    expect(out.errors).toEqual([]);
    expect(out.data).toEqual([unit]);
    expect(out.frames[0]).toMatchObject({ keyFrame: true, timestamp: 4, format: { width: 640, height: 360 } });
    expect(out.frames[0]!.format!.configuration.toString('hex')).toBe(`81010c000a0b${SEQUENCE_360}`);
  });

  test('a delta frame is no key frame, nor is a key frame without sequence header', () => {
    const out = recorder();
    out.push(`10 30${DELTA_FRAME}`, { timestamp: 1, marker: true });
    out.push(`10 30${KEY_FRAME}`, { timestamp: 2, marker: true });
    expect(out.frames.map(({ keyFrame }) => keyFrame)).toEqual([false, false]);
  });

  test.each([
    { name: 'size behind the end', packet: '08 7f 30', error: 'payload_truncated' },
    { name: 'continuation of nothing', packet: `90 ${KEY_FRAME}`, error: 'fragment_without_start' },
    { name: 'end in the middle of an OBU', packet: `50 30${KEY_FRAME}`, error: 'frame_incomplete' },
  ])('$name: $error', ({ packet, error }) => {
    const out = recorder();
    out.push(packet, { marker: true });
    expect(out.errors).toEqual([error]);
    expect(out.frames).toEqual([]);
  });

  test('a gap drops the temporal unit', () => {
    const out = recorder();
    out.push(`68 0c 08${SEQUENCE_360} 3010`, { timestamp: 1 });
    out.depacketizer.gap();
    out.push('90 aabb', { timestamp: 1, marker: true });
    out.push(`10 30${DELTA_FRAME}`, { timestamp: 2, marker: true });
    expect(out.data).toEqual([`3203${DELTA_FRAME}`]);
  });
});
