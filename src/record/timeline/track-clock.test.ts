import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TrackClock } from './track-clock.ts';

/** Times of frames by stamp and arrival, both in milliseconds of a 90 kHz clock. */
function timesOf(frames: readonly (readonly [stampMs: number, arrivalMs: number])[], offset = 0): number[] {
  const clock = new TrackClock(90_000);
  return frames.map(([stampMs, arrivalMs]) => {
    return Math.round(clock.at((((stampMs * 90 + offset) % 2 ** 32) + 2 ** 32) % 2 ** 32, arrivalMs));
  });
}

describe('TrackClock', () => {
  test.each([0.25, 1, 4, 16])('what comes at %d times its pace is as long as its stamps say', (pace) => {
    const clock = new TrackClock(90_000, true);
    const times = Array.from({ length: 1000 }, (_, n) => clock.at(n * 3600, (n * 40) / pace));
    expect(times.at(-1)).toBeCloseTo(999 * 40, 3);
    // A gap of the material is no time of the file.
    expect(clock.at(1_000_000_000, 50_000) - times.at(-1)!).toBeLessThan(60_000);
    expect(clock.epoch).toBe(1);
  });

  test.each([
    {
      name: 'the stamps count, not the arrival',
      frames: [
        [0, 100],
        [40, 170],
        [80, 171],
        [120, 260],
      ],
      times: [100, 140, 180, 220],
    },
    {
      name: 'B frames step back',
      frames: [
        [0, 0],
        [120, 40],
        [40, 80],
        [80, 120],
      ],
      times: [0, 120, 40, 80],
    },
    {
      name: 'a jump ahead by hours',
      frames: [
        [0, 0],
        [40, 40],
        [7_200_040, 80],
        [7_200_080, 120],
      ],
      times: [0, 40, 80, 120],
    },
    {
      name: 'a jump back by hours',
      frames: [
        [9_000_000, 0],
        [9_000_040, 40],
        [0, 80],
        [40, 120],
      ],
      times: [0, 40, 80, 120],
    },
    {
      name: 'a pause of source and arrival',
      frames: [
        [0, 0],
        [60_000, 60_010],
        [60_040, 60_050],
      ],
      times: [0, 60_000, 60_040],
    },
    {
      name: 'a stalled network that catches up',
      frames: [
        [0, 0],
        [40, 8000],
        [80, 8001],
        [8000, 8010],
        [8040, 8040],
      ],
      times: [0, 40, 80, 8000, 8040],
    },
  ] as const)('$name', ({ frames, times }) => {
    expect(timesOf(frames)).toEqual(times);
  });

  test('the wrap of 32 bits', () => {
    const frames = [0, 40, 80, 120].map((ms) => [ms, ms] as const);
    expect(timesOf(frames, 2 ** 32 - 5000)).toEqual([0, 40, 80, 120]);
  });

  test('a clock that stood still is moved to where it should be', () => {
    const clock = new TrackClock(90_000);
    clock.at(0, 0);
    let time = 0;
    for (let ms = 40; ms <= 8000; ms += 40) time = clock.at(ms * 90, ms + 20_000);
    expect(time).toBeGreaterThan(27_500);
    expect(time).toBeLessThan(28_100);
    expect(clock.epoch).toBe(1);
  });

  test('a slow clock is believed', () => {
    const clock = new TrackClock(90_000);
    let time = 0;
    for (let ms = 0; ms <= 3_600_000; ms += 40) time = clock.at(Math.round(ms * 90 * 0.999) % 2 ** 32, ms);
    expect(time).toBeCloseTo(3_596_400, -2);
    expect(clock.epoch).toBe(0);
  });

  test('a restart goes on where the arrival is, and old stamps say nothing', () => {
    const clock = new TrackClock(48_000);
    clock.at(1000, 0);
    clock.at(1960, 20);
    clock.restart();
    expect(clock.timeOf(1000)).toBeUndefined();
    expect(clock.at(3_000_000_000, 520)).toBe(520);
    expect(clock.timeOf(3_000_000_960)).toBe(540);
    expect(clock.epoch).toBe(1);
  });

  test('property: whatever stamps come, time ends near the arrival', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(1000)), { minLength: 1, maxLength: 200 }), (frames) => {
        const clock = new TrackClock(90_000);
        let arrivalMs = 0;
        let highest = 0;
        for (const [stamp, stepMs] of frames) {
          arrivalMs += stepMs;
          highest = Math.max(highest, clock.at(stamp, arrivalMs));
        }
        // Forgiven are five seconds, a hundredth, and a millisecond a restart.
        expect(highest).toBeLessThanOrEqual(frames[0]![1] + (arrivalMs - frames[0]![1]) * 1.02 + 5000 + frames.length);
      }),
    );
  });
});
