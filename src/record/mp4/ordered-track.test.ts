import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrderedTrack, type TrackRun } from './ordered-track.ts';

const FRAME = Buffer.alloc(10, 1);

function runOf(times: readonly number[], keyFrames: readonly number[] = [0]): TrackRun {
  const track = new OrderedTrack(40);
  for (const [index, time] of times.entries()) track.add(time, keyFrames.includes(index), FRAME);
  track.end();
  return track.take()!;
}

test.each([
  { name: 'rising', times: [0, 40, 80], durations: [40, 40, 40], offsets: [0, 0, 0] },
  { name: 'a pause', times: [0, 40, 1080], durations: [40, 1040, 1040], offsets: [0, 0, 0] },
  {
    name: 'B frames',
    times: [0, 120, 40, 80, 240, 160, 200],
    durations: [40, 40, 40, 40, 40, 40, 40],
    offsets: [0, 80, -40, -40, 80, -40, -40],
  },
  { name: 'two frames of one time', times: [0, 40, 40, 80], durations: [40, 1, 39, 39], offsets: [0, 0, -1, 0] },
])('$name', ({ times, durations, offsets }) => {
  const { samples } = runOf(times);
  expect(samples.map(({ duration }) => duration)).toEqual(durations);
  expect(samples.map(({ offset }) => offset)).toEqual(offsets);
});

test('fragments go on where the last one ended, and keep the bytes that wait', () => {
  const track = new OrderedTrack(40);
  for (const time of [0, 40, 80]) track.add(time, time === 0, Buffer.from([time]));
  const first = track.take()!;
  expect([first.decodeTime, first.samples.length, [...first.data]]).toEqual([0, 1, [0]]);
  track.written();
  track.add(120, false, Buffer.from([120]));
  track.end();
  const second = track.take()!;
  expect([second.decodeTime, second.samples.length, [...second.data]]).toEqual([40, 3, [40, 80, 120]]);
  track.written();
  expect(track.take()).toBeUndefined();
  expect(track.pendingBytes).toBe(0);
});

test('property: decoding times never step back and presentation times are those given', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5000), { minLength: 1, maxLength: 80 }), (times) => {
      const { decodeTime, samples } = runOf(times);
      let time = decodeTime;
      for (const [index, { duration, offset }] of samples.entries()) {
        if (duration < 1) expect.fail('no duration');
        if (Math.abs(time + offset - times[index]!) > 0) expect.fail(`sample ${index} at ${time + offset}`);
        time += duration;
      }
      expect(samples).toHaveLength(times.length);
    }),
  );
});
