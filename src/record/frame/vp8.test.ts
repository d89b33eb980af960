import { describe, expect, test } from 'vitest';
import { FrameRecorder } from '../../../test/support/frame-recorder.ts';
import { Vp8Depacketizer } from './vp8.ts';

/** A key frame's tag, start code and 640×360. */
const KEY = '100200 9d012a 8002 6801';
const DELTA = '110200';
const recorder = (): FrameRecorder => new FrameRecorder((sink) => new Vp8Depacketizer(sink));

describe('Vp8Depacketizer', () => {
  test.each([
    { name: 'one byte', descriptor: '10' },
    { name: 'picture id of 7 bits', descriptor: '90 80 11' },
    { name: 'picture id of 15 bits', descriptor: '90 80 8111' },
    { name: 'TL0PICIDX', descriptor: '90 c0 8111 07' },
    { name: 'TID and KEYIDX', descriptor: '90 e0 8111 07 21' },
    { name: 'KEYIDX alone', descriptor: '90 10 21' },
  ])('descriptor (RFC 7741 §4.2): $name', ({ descriptor }) => {
    const out = recorder();
    out.push(`${descriptor} ${KEY} aabb`, { timestamp: 7, marker: true });
    expect(out.data).toEqual([`${KEY}aabb`.replaceAll(' ', '')]);
    expect(out.frames[0]).toMatchObject({ timestamp: 7, keyFrame: true, format: { width: 640, height: 360 } });
  });

  test('packets become a frame, partitions do not begin one', () => {
    const out = recorder();
    out.push(`10 ${KEY}`, { timestamp: 1 });
    out.push('00 aa', { timestamp: 1 });
    out.push('11 bb', { timestamp: 1, marker: true });
    out.push(`10 ${DELTA}`, { timestamp: 2, marker: true });
    expect(out.data).toEqual([`${KEY}aabb`.replaceAll(' ', ''), DELTA]);
    expect(out.frames.map(({ keyFrame }) => keyFrame)).toEqual([true, false]);
  });

  test('a size is a format until it changes', () => {
    const out = recorder();
    for (const key of [KEY, KEY, KEY.replace('8002', '4001')]) out.push(`10 ${key}`, { marker: true });
    const formats = out.frames.map(({ format }) => format);
    expect(formats[0]).toBe(formats[1]);
    expect(formats[2]!.width).toBe(320);
  });

  test.each([
    { name: 'nothing behind the descriptor', packets: ['90 80'], errors: ['payload_truncated'] },
    { name: 'descriptor only', packets: ['10'], errors: ['payload_truncated'] },
    { name: 'joined in the middle', packets: ['00 aa'], errors: ['fragment_without_start'] },
    {
      name: 'key frame without its start code',
      packets: ['10 100200 000000 8002 6801'],
      errors: ['format_unreadable'],
    },
    { name: 'a frame that never ended', packets: [`10 ${DELTA} -`, `10 ${DELTA} -`], errors: ['frame_incomplete'] },
  ])('$name', ({ packets, errors }) => {
    const out = recorder();
    for (const packet of packets) out.push(packet.replace('-', ''), { marker: !packet.endsWith('-') });
    expect(out.errors).toEqual(errors);
    expect(out.frames).toEqual([]);
  });

  test('a gap drops the frame in progress', () => {
    const out = recorder();
    out.push(`10 ${KEY}`);
    out.depacketizer.gap();
    out.push('00 aa', { marker: true });
    out.push(`10 ${DELTA}`, { marker: true });
    expect(out.data).toEqual([DELTA]);
  });
});
