import { expect, test } from 'vitest';
import { JobFiles } from './job-files.ts';

const NAMES = ['door.mp4', 'door-2.mp4', 'door-3.webm', 'door-4.mp4'];

test.each([
  { removed: [], numbers: [] },
  { removed: [0, 1], numbers: [1, 2] },
  { removed: [2, 0], numbers: [1, 2, 3] },
  { removed: [1, 2, 1, 0], numbers: [1, 2, 3] },
  { removed: [9], numbers: [] },
])('numbers of files that were deleted stay taken, in whatever order: $removed', ({ removed, numbers }) => {
  const files = new JobFiles();
  for (const fileName of NAMES) {
    const sums = { durationMs: 1, bytes: 10, packetsIn: 2, packetsLost: 1 };
    files.set({ index: files.take(), fileName, startedAt: 0, state: 'finished', ...sums });
  }
  for (const index of removed) files.remove(index);
  expect(files.removedNumbers('door')).toEqual(numbers);
  expect(files.written.bytes).toBe(40);
});
