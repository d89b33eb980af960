import { expect, test } from 'vitest';
import { PacketBatch } from './packet-batch.ts';

const frame = (bytes: number): Uint8Array => {
  const data = new Uint8Array(bytes);
  data.set([0x24, 0, (bytes - 4) >> 8, (bytes - 4) & 0xff]);
  return data;
};

test('pieces are handed over together, with their arrival', () => {
  const handed: Buffer[] = [];
  const batch = new PacketBatch({
    onPackets: (memory, length) => void handed.push(Buffer.from(memory, 0, length)),
    onSkipped: () => undefined,
  });
  batch.push(frame(100), 12.5);
  batch.push(frame(50), 13);
  expect(handed).toEqual([]);
  batch.flush();
  batch.flush();
  expect(handed).toHaveLength(1);
  expect(handed[0]).toHaveLength(100 + 50 + 2 * 12);
  expect([handed[0]!.readDoubleLE(0), handed[0]!.readUInt32LE(8), handed[0]!.readDoubleLE(112)]).toEqual([
    12.5, 100, 13,
  ]);
});

test('a thread that does not keep up loses packets by number, and memory is bounded', () => {
  const waiting: ArrayBuffer[] = [];
  const told: string[] = [];
  const batch = new PacketBatch({
    onPackets: (memory) => {
      waiting.push(memory);
      told.push('packets');
    },
    onSkipped: (packets) => void told.push(`skipped ${packets}`),
  });
  for (let index = 0; index < 20_000; index++) batch.push(frame(1000), index);
  const held = waiting.reduce((sum, memory) => sum + memory.byteLength, 0);
  expect(held).toBeLessThanOrEqual(8 * 1_048_576);
  expect(held).toBeGreaterThan(7 * 1_048_576);
  expect(told.every((event) => event === 'packets')).toBe(true);
  const taken = waiting.length * Math.floor(131_072 / 1012);
  for (const memory of waiting.splice(0)) batch.give(memory);
  batch.push(frame(1000), 1);
  batch.flush();
  expect(told.slice(-2)).toEqual([`skipped ${20_000 - taken}`, 'packets']);
  // Nor is it silent about those that it lost last.
  for (let index = 0; index < 20_000; index++) batch.push(frame(1000), index);
  const before = told.length;
  batch.end();
  batch.end();
  expect(told.slice(before)).toEqual([expect.stringMatching(/^skipped \d+$/)]);
});
