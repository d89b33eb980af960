import { expect, test } from 'vitest';
import { G711Track } from './g711-track.ts';

const packet = (value: number): Buffer => Buffer.alloc(160, value);

/** Bytes as runs: value × count. */
function runs(data: Buffer): string {
  let text = '';
  for (let at = 0; at < data.length;) {
    let end = at;
    while (end < data.length && data[end] === data[at]) end += 1;
    text += `${data[at]}x${end - at} `;
    at = end;
  }
  return text.trim();
}

test.each([
  { name: 'in place', times: [0, 160], out: '1x160 2x160' },
  { name: 'jitter of the clock', times: [20, 150], out: '1x160 2x160' },
  { name: 'a hole is silence', times: [0, 800], out: '1x160 213x640 2x160' },
  { name: 'a late start is silence', times: [1600, 1760], out: '213x1600 1x160 2x160' },
  { name: 'an overlap is left out', times: [800, 0], out: '213x800 1x160' },
])('$name', ({ times, out }) => {
  const track = new G711Track('PCMA');
  for (const [index, time] of times.entries()) track.add(time, packet(index + 1));
  expect(runs(track.take()!.data)).toBe(out);
});

test('whole samples only; the last one is filled', () => {
  const track = new G711Track('PCMU');
  track.add(0, Buffer.alloc(200, 1));
  expect(track.take()!.data).toHaveLength(160);
  track.written(160);
  expect(track.endTime).toBe(200);
  track.end();
  expect(runs(track.take()!.data)).toBe('1x40 255x120');
});

test('silence is bounded', () => {
  const track = new G711Track('PCMU');
  track.fillTo(1e12);
  expect(track.pendingBytes).toBeLessThanOrEqual(1_048_576);
});
