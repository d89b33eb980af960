import { describe, expect, test } from 'vitest';
import { FrameRecorder } from '../../../test/support/frame-recorder.ts';
import { parseVp9Header } from './vp9-header.ts';
import { Vp9Depacketizer } from './vp9.ts';

/** Made with libvpx: profile 0, 320×240. */
const KEY = '8249834200 13f00ef604382 41c184a00'.replaceAll(' ', '');
/** Profile 3, 4:4:4, ten bits, 320×240. */
const KEY_444 = 'b124c1a100009f8077b031c120e0c2c0';
const DELTA = '8600';
const recorder = (): FrameRecorder => new FrameRecorder((sink) => new Vp9Depacketizer(sink));

describe('parseVp9Header', () => {
  test.each([
    { name: 'key frame', frame: KEY, header: { keyFrame: true, profile: 0, width: 320, height: 240, bitDepth: 8 } },
    {
      name: 'profile 3',
      frame: KEY_444,
      header: { keyFrame: true, profile: 3, width: 320, height: 240, bitDepth: 10, chromaSubsampling: 3 },
    },
    { name: 'delta frame', frame: DELTA, header: { keyFrame: false } },
    { name: 'shows an existing frame', frame: '8a', header: { keyFrame: false } },
  ])('$name', ({ frame, header }) => {
    expect(parseVp9Header(Buffer.from(frame, 'hex'))).toMatchObject(header);
  });

  test.each(['', '00', '82498343', '8249834200'])('no header: %s', (frame) => {
    expect(parseVp9Header(Buffer.from(frame, 'hex'))).toBeUndefined();
  });
});

describe('Vp9Depacketizer', () => {
  test.each([
    { name: 'no fields', descriptor: '0c' },
    { name: 'picture id of 7 bits', descriptor: '8c 11' },
    { name: 'picture id of 15 bits', descriptor: '8c 8111' },
    { name: 'layer indices with TL0PICIDX', descriptor: 'ac 8111 00 05' },
    { name: 'flexible mode without TL0PICIDX', descriptor: 'bc 8111 00' },
    { name: 'flexible mode with references', descriptor: 'fc 8111 00 05 07 08' },
    { name: 'scalability structure with sizes and pictures', descriptor: '8e 8111 38 0140 00f0 0280 01e0 01 04 01' },
  ])('descriptor (RFC 9628 §4.2): $name', ({ descriptor }) => {
    const out = recorder();
    out.push(`${descriptor} ${KEY}`, { timestamp: 3, marker: true });
    expect(out.errors).toEqual([]);
    expect(out.data).toEqual([KEY]);
    expect(out.frames[0]).toMatchObject({ keyFrame: true, timestamp: 3, format: { width: 320, height: 240 } });
  });

  test('packets of a frame', () => {
    const out = recorder();
    out.push(`08 ${KEY}`, { timestamp: 1 });
    out.push('00 aa', { timestamp: 1 });
    out.push('04 bb', { timestamp: 1, marker: true });
    out.push(`4c ${DELTA}`, { timestamp: 2, marker: true });
    expect(out.data).toEqual([`${KEY}aabb`, DELTA]);
    expect(out.frames.map(({ keyFrame }) => keyFrame)).toEqual([true, false]);
  });

  test('spatial layers become a superframe with its index (annex B)', () => {
    const out = recorder();
    out.push(`0c ${KEY}`, { timestamp: 1 });
    out.push(`0c ${DELTA}`, { timestamp: 1, marker: true });
    expect(out.data).toEqual([`${KEY}${DELTA}d9${'10000000'}${'02000000'}d9`]);
  });

  test.each([
    { name: 'descriptor without payload', packets: ['8c 8111'], errors: ['payload_truncated'] },
    { name: 'joined in the middle', packets: ['04 aa'], errors: ['fragment_without_start'] },
    { name: 'end of picture without end of frame', packets: [`08 ${KEY}`], errors: ['frame_incomplete'] },
    { name: 'no VP9', packets: ['0c 00112233'], errors: ['format_unreadable'] },
  ])('$name', ({ packets, errors }) => {
    const out = recorder();
    for (const packet of packets) out.push(packet, { marker: true });
    expect(out.errors).toEqual(errors);
    expect(out.frames).toEqual([]);
  });

  test('a gap drops the picture in progress', () => {
    const out = recorder();
    out.push(`08 ${KEY}`, { timestamp: 1 });
    out.depacketizer.gap();
    out.push('04 bb', { timestamp: 1, marker: true });
    out.push(`4c ${DELTA}`, { timestamp: 2, marker: true });
    expect(out.data).toEqual([DELTA]);
  });
});
