import { expect, test } from 'vitest';
import { PacketCollector } from './packet-collector.ts';

const rtp = (marker: boolean, bytes = 12): Buffer => {
  const packet = Buffer.alloc(bytes, 1);
  packet[1] = marker ? 0xe0 : 0x60;
  return packet;
};

function collector(): PacketCollector {
  const made = new PacketCollector((track) => track === 0);
  made.assign(0, [4, 5]);
  made.assign(1, [0, 1]);
  return made;
}

test.each([
  ['nothing', [], undefined],
  ['a part of a picture', [[4, rtp(false)]], false],
  [
    'its last packet',
    [
      [4, rtp(false)],
      [4, rtp(true)],
    ],
    true,
  ],
  [
    'what follows it',
    [
      [4, rtp(true)],
      [4, rtp(false)],
    ],
    true,
  ],
  ['sound', [[0, rtp(false)]], true],
  ['RTCP', [[5, rtp(false)]], true],
  ['much of a picture', Array.from({ length: 30 }, () => [4, rtp(false, 1400)]), true],
  ['a channel of nobody', [[9, rtp(true)]], undefined],
  ['an empty packet', [[4, Buffer.alloc(0)]], false],
] as const)('due now, soon or not at all: %s', (_name, packets, due) => {
  const made = collector();
  for (const [channel, packet] of packets as readonly (readonly [number, Buffer])[]) made.add(channel, packet);
  expect(made.due).toBe(due);
  made.take();
  expect(made.due).toBeUndefined();
});

test('frames on the channels of the tracks, in memory of their own; the way back', () => {
  const made = collector();
  made.add(4, rtp(false));
  made.add(1, rtp(true));
  const framed = made.take();
  expect([framed?.[1], framed?.[17], framed?.byteLength]).toEqual([0, 3, 32]);
  expect(framed?.buffer.byteLength).toBe(32);
  expect(made.outward(new Uint8Array([0x24, 3, 0, 0]))?.[1]).toBe(1);
  expect(made.outward(new Uint8Array([0x24, 9, 0, 0]))).toBeUndefined();
  expect([made.isFree([4, 7]), made.isFree([2, 3])]).toEqual([false, true]);
});
