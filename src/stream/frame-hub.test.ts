import { expect, test } from 'vitest';
import type { FramedPackets } from '../media/index.ts';
import { FrameHub } from './frame-hub.ts';
import type { FrameListener } from './tap-types.ts';

const copies: FrameListener = () => 'done';
const keeps: FrameListener = () => undefined;

test.each([
  { name: 'all have copied it', readers: [copies, copies], bytesLeft: 0 },
  { name: 'one keeps it', readers: [copies, keeps], bytesLeft: 3 },
  { name: 'the first keeps it', readers: [keeps, copies], bytesLeft: 3 },
])('memory of packets: $name', async ({ readers, bytesLeft }) => {
  let tell: (frames: FramedPackets) => void = () => undefined;
  const output = { setPlaying: () => undefined, requestKeyFrame: () => undefined, close: () => undefined };
  const hub = new FrameHub(async (onFrames) => {
    tell = onFrames;
    return output;
  });
  const seen: number[] = [];
  for (const reader of readers) {
    await hub.add({
      onFrames: (frames) => {
        seen.push(frames.data.length);
        return reader(frames);
      },
    });
  }
  const data = new Uint8Array([1, 2, 3]);
  tell({ data, keyFrame: true });
  expect(seen).toEqual([3, 3]);
  expect(data.length).toBe(bytesLeft);
});
