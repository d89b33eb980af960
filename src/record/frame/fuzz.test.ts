import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRtpView } from '../../media/index.ts';
import { H265_PPS, H265_SPS, H265_VPS, idr, PPS, SPS_720 } from '../../../test/support/ps-builder.ts';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import { createFrameDepacketizer } from './create-depacketizer.ts';
import { MAX_FRAME_BYTES } from './frame-memory.ts';
import type { FrameDepacketizer, VideoEncoding } from './types.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const fu = (header: number): Buffer => Buffer.concat([Buffer.from([0x7c, header]), idr(40).subarray(1)]);
const stap = Buffer.concat([hex('78 001a'), SPS_720, hex('0005'), PPS]);

const sizedSet = (nalu: Buffer): Buffer => Buffer.concat([Buffer.from([0, nalu.length]), nalu]);

/** Payloads of a short stream each. */
const SEEDS: Readonly<Record<VideoEncoding, readonly Buffer[]>> = {
  H264: [stap, fu(0x85), fu(0x05), fu(0x45), Buffer.concat([hex('41'), idr(30).subarray(1)])],
  H265: [
    Buffer.concat([hex('6001 0018'), H265_VPS, sizedSet(H265_SPS), sizedSet(H265_PPS)]),
    hex('6201 93 80aabbcc'),
    hex('6201 13 aabbcc'),
    hex('6201 53 aabbcc'),
    hex('0201 80aabbcc'),
  ],
  VP8: [hex('90e0811107 21 100200 9d012a 8002 6801 aabb'), hex('00aabbcc'), hex('10 110200 aa')],
  VP9: [
    hex('8a8111 38 014000f0 028001e0 01 04 01 824983420013f00ef60438241c184a00'),
    hex('04aabbcc'),
    hex('fc8111000507 08 8600'),
  ],
  AV1: [hex('280c080000000cc4ff6736be4010 3010aabb'), hex('1030aabb'), hex('5030aabb'), hex('90ccdd')],
};

function feed(depacketizer: FrameDepacketizer, payload: Buffer, fields: { timestamp: number; marker: boolean }): void {
  const view = createRtpView();
  depacketizer.push({ ...view, ...fields, packet: payload, payloadStart: 0, payloadEnd: payload.length });
}

describe.each(Object.entries(SEEDS))('%s', (encoding, seeds) => {
  test('fuzz: 200,000 mutated payloads never throw, stay in their bounds, and a good stream goes on', () => {
    const random = seededRandom(encoding.length);
    const memory = Buffer.alloc(256);
    let frames = 0;
    const sink = {
      onFrame: ({ data }: { data: Buffer }) => {
        frames++;
        if (data.length > MAX_FRAME_BYTES) expect.fail('frame above its bound');
      },
      onPayloadError: () => undefined,
    };
    const depacketizer = createFrameDepacketizer(encoding as VideoEncoding, undefined, sink);
    for (let index = 0; index < 200_000; index++) {
      const payload = memory.subarray(0, mutate(seeds[index % seeds.length]!, memory, random));
      if (random(50) === 0) depacketizer.gap();
      feed(depacketizer, payload, { timestamp: index >> 2, marker: random(3) === 0 });
    }
    depacketizer.flush();
    expect(frames).toBeGreaterThan(1000);
    const before = frames;
    for (const timestamp of [1, 2]) {
      for (const [index, seed] of seeds.entries()) {
        feed(depacketizer, seed, { timestamp: timestamp * 10, marker: index === 1 });
      }
    }
    depacketizer.flush();
    expect(frames).toBeGreaterThan(before);
  });

  test('property: bytes of any kind never throw', () => {
    const sink = { onFrame: () => undefined, onPayloadError: () => undefined };
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 64 }), fc.boolean(), fc.nat(2))), (packets) => {
        const depacketizer = createFrameDepacketizer(encoding as VideoEncoding, undefined, sink);
        for (const [payload, marker, timestamp] of packets)
          feed(depacketizer, Buffer.from(payload), { timestamp, marker });
        depacketizer.flush();
      }),
    );
  });
});
