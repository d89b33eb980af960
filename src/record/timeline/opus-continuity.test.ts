import { expect, test } from 'vitest';
import { OpusContinuity } from './opus-continuity.ts';

/** 20 ms. */
const PACKET = Buffer.from('f8aabb', 'hex');

function run(times: readonly number[], fillTo?: number): string[] {
  const out: string[] = [];
  const continuity = new OpusContinuity((timeMs, packet) => out.push(`${timeMs}${packet.includes(0xaa) ? '' : 's'}`));
  for (const time of times) continuity.push(time, PACKET);
  if (fillTo !== undefined) continuity.fillTo(fillTo);
  return out;
}

test.each([
  { name: 'jitter', times: [0, 23, 38, 61], out: ['0', '20', '40', '60'] },
  { name: 'late start', times: [65], out: ['0s', '20s', '40s', '60'] },
  { name: 'a packet lost', times: [0, 80], out: ['0', '20s', '40s', '60s', '80'] },
  { name: 'overlap', times: [0, 20, 40, 60, 0, 80], out: ['0', '20', '40', '60', '80'] },
  { name: 'nobody speaks any more', times: [0], fillTo: 65, out: ['0', '20s', '40s'] },
])('$name', ({ times, fillTo, out }) => {
  expect(run(times, fillTo)).toEqual(out);
});

test('an hour of nothing is a hole', () => {
  expect(run([0, 3_600_000])).toEqual(['0', '3599980s', '3600000']);
});
