import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PES_CLOCK_MODULUS, ProgramClock, RTP_CLOCK_MODULUS, TrackClock, wrapDelta } from './index.ts';

const FRAME = 3600;

function run(clock: TrackClock, stamps: (number | [pts: number, dts: number])[], stepMs = 40, startMs = 0): number[] {
  return stamps.map((stamp, index) => {
    const [pts, dts] = typeof stamp === 'number' ? [stamp, -1] : stamp;
    clock.stamp({ pts, dts, duration90k: 0 }, startMs + index * stepMs);
    return clock.dts;
  });
}

function frames(first: number, count: number, modulus = PES_CLOCK_MODULUS): number[] {
  return Array.from({ length: count }, (_, index) => (first + index * FRAME) % modulus);
}

const even = [0, 1, 2, 3, 4, 5].map((index) => index * FRAME);

describe('wrapDelta', () => {
  test.each([
    [0, 1, 1],
    [1, 0, -1],
    [2 ** 33 - 1, 0, 1],
    [0, 2 ** 33 - 1, -1],
    [2 ** 33 - 90_000, 90_000, 180_000],
    [10, 2 ** 32 + 9, 2 ** 32 - 1],
  ])('%i → %i', (from, to, delta) => expect(wrapDelta(from, to, PES_CLOCK_MODULUS)).toBe(delta));
});

describe('TrackClock (quirks P5)', () => {
  test.each([
    { name: 'starts at 0, whatever the device says', stamps: frames(123_456_789, 6) },
    { name: 'quirk: 33-bit wrap', stamps: frames(2 ** 33 - 2 * FRAME, 6) },
    { name: 'quirk: jump of 1 s forward is one frame', stamps: [...frames(0, 3), ...frames(2 * FRAME + 90_000, 3)] },
    { name: 'quirk: jump of 1 s back is one frame', stamps: [...frames(900_000, 3), ...frames(800_000, 3)] },
    { name: 'quirk: jump of hours is one frame', stamps: [...frames(0, 3), ...frames(41 * 3600 * 90_000, 3)] },
    { name: 'quirk: rollback to 0', stamps: [...frames(5_000_000, 3), ...frames(0, 3)], tolerance: 0 },
    { name: 'quirk: absent stamps run by the wall clock', stamps: [-1, -1, -1, -1, -1, -1] },
    { name: 'quirk: zero stamps run by the wall clock', stamps: [0, 0, 0, 0, 0, 0] },
    { name: 'quirk: constant stamps run by the wall clock', stamps: [777, 777, 777, 777, 777, 777] },
    { name: 'quirk: one stamp missing', stamps: [0, FRAME, -1, 3 * FRAME, 4 * FRAME, 5 * FRAME] },
    { name: 'quirk: one stamp zero', stamps: frames(900_000, 6).map((stamp, index) => (index === 3 ? 0 : stamp)) },
    { name: 'quirk: constant, then moving', stamps: [500, 500, 500, 500_000, 503_600, 507_200] },
  ])('$name', ({ stamps }) => {
    expect(run(new TrackClock(new ProgramClock(), PES_CLOCK_MODULUS), stamps)).toEqual(even);
  });

  test('RTP clock: 32-bit wrap and other rates', () => {
    expect(
      run(new TrackClock(new ProgramClock(), RTP_CLOCK_MODULUS), frames(2 ** 32 - FRAME, 6, RTP_CLOCK_MODULUS)),
    ).toEqual(even);
    const audio = new TrackClock(new ProgramClock(), RTP_CLOCK_MODULUS, 8000);
    expect(run(audio, [0, 320, 640, 960, 1280, 1600])).toEqual(even);
  });

  test('a step that the wall clock explains is real: 1 fps, a pause, lost seconds', () => {
    expect(run(new TrackClock(new ProgramClock(), PES_CLOCK_MODULUS), [0, 90_000, 180_000], 1000)).toEqual([
      0, 90_000, 180_000,
    ]);
    const clock = new TrackClock(new ProgramClock(), PES_CLOCK_MODULUS);
    run(clock, frames(0, 3));
    expect(run(clock, [2 * FRAME + 5 * 90_000], 40, 80 + 5000)).toEqual([2 * FRAME + 5 * 90_000]);
    expect(clock.jumps).toBe(0);
  });

  test('a burst after a stall keeps the device times', () => {
    const clock = new TrackClock(new ProgramClock(), PES_CLOCK_MODULUS);
    run(clock, frames(0, 2));
    expect(run(clock, frames(2 * FRAME, 4), 0, 500)).toEqual(even.slice(2));
  });

  test('B-frames: DTS goes on, PTS keeps its distance', () => {
    const clock = new TrackClock(new ProgramClock(), PES_CLOCK_MODULUS);
    const stamps: [number, number][] = [
      [2 * FRAME, 0],
      [5 * FRAME, FRAME],
      [3 * FRAME, 2 * FRAME],
      [4 * FRAME, 3 * FRAME],
    ];
    const seen = stamps.map(([pts, dts], index) => {
      clock.stamp({ pts, dts, duration90k: 0 }, index * 40);
      return [clock.pts, clock.dts];
    });
    expect(seen).toEqual(stamps);
  });

  test('B-frames without DTS: PTS as it is, DTS monotonic', () => {
    const clock = new TrackClock(new ProgramClock(), PES_CLOCK_MODULUS);
    const seen = [0, 3, 1, 2, 6].map((index, at) => {
      clock.stamp({ pts: index * FRAME, dts: -1, duration90k: 0 }, at * 40);
      return [clock.pts / FRAME, clock.dts];
    });
    expect(seen.map(([pts]) => pts)).toEqual([0, 3, 1, 2, 6]);
    seen.slice(1).forEach(([, dts], index) => expect(dts!).toBeGreaterThan(seen[index]![1]!));
  });

  test('tracks of one time base share the offset', () => {
    const program = new ProgramClock();
    const video = new TrackClock(program, PES_CLOCK_MODULUS);
    const audio = new TrackClock(program, PES_CLOCK_MODULUS);
    run(video, frames(900_000, 3));
    expect(run(audio, [900_000 + 3 * FRAME + 450], 40, 120)).toEqual([3 * FRAME + 450]);
  });

  test('sound a little before the picture is not before 0', () => {
    const program = new ProgramClock();
    run(new TrackClock(program, PES_CLOCK_MODULUS), [900_000]);
    expect(run(new TrackClock(program, PES_CLOCK_MODULUS), [899_000, 902_600])).toEqual([0, 2600]);
  });

  test('a track with another time base is placed at the present', () => {
    const program = new ProgramClock();
    run(new TrackClock(program, PES_CLOCK_MODULUS), frames(900_000, 3));
    const audio = new TrackClock(program, PES_CLOCK_MODULUS);
    expect(run(audio, [40_000_000, 40_003_600], 40, 80)).toEqual([2 * FRAME, 3 * FRAME]);
  });

  test('when the device jumps, the second track follows the first', () => {
    const program = new ProgramClock();
    const video = new TrackClock(program, PES_CLOCK_MODULUS);
    const audio = new TrackClock(program, PES_CLOCK_MODULUS);
    for (let index = 0; index < 8; index++) {
      const stamp = index < 4 ? 900_000 + index * FRAME : 5_000_000 + index * FRAME;
      run(video, [stamp], 0, index * 40);
      run(audio, [stamp + 100], 0, index * 40);
    }
    expect([video.dts, audio.dts]).toEqual([7 * FRAME, 7 * FRAME + 100]);
  });

  test('sound without stamps runs by its length and is put right when it drifts', () => {
    const program = new ProgramClock();
    const video = new TrackClock(program, PES_CLOCK_MODULUS);
    const audio = new TrackClock(program, PES_CLOCK_MODULUS);
    const seen: number[] = [];
    for (let index = 0; index < 100; index++) {
      run(video, [900_000 + index * FRAME], 0, index * 40);
      audio.stamp({ pts: -1, dts: -1, duration90k: 1800 }, index * 40);
      seen.push(audio.dts - video.dts);
    }
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(-300 * 90);
    expect(seen[1]).toBe(-1800);
  });

  test('changeSource goes on where the output is', () => {
    const clock = new TrackClock(new ProgramClock(), PES_CLOCK_MODULUS);
    run(clock, frames(900_000, 3));
    clock.changeSource(RTP_CLOCK_MODULUS);
    expect(run(clock, frames(77, 3, RTP_CLOCK_MODULUS), 40, 120)).toEqual(even.slice(3));
  });

  test.each([0.25, 0.5, 2, 4, 8])('recorded material at %d times its speed runs as the wall clock does', (speed) => {
    const clock = new TrackClock(new ProgramClock(), PES_CLOCK_MODULUS);
    clock.changeSpeed(speed);
    const stepMs = 40 / speed;
    const seen = run(clock, frames(900_000, 200), stepMs);
    expect(seen.at(-1)).toBeCloseTo(199 * stepMs * 90, 3);
    expect(clock.jumps).toBe(0);
  });

  test('quirk: a device that scales its own stamps is believed after a moment', () => {
    const clock = new TrackClock(new ProgramClock(), PES_CLOCK_MODULUS);
    clock.changeSpeed(4);
    const seen = run(clock, frames(900_000, 200));
    expect(seen[199]! - seen[100]!).toBe(99 * FRAME);
  });

  test('a change of speed goes on at the present, also after a pause', () => {
    const clock = new TrackClock(new ProgramClock(), PES_CLOCK_MODULUS);
    run(clock, frames(900_000, 26));
    expect(clock.dts).toBe(90_000);
    clock.changeSpeed(2);
    // 10 s of pause, then the device goes on where it was.
    const after = run(clock, frames(900_000 + 26 * FRAME, 51), 20, 11_000);
    expect(after[0]).toBe(990_000);
    expect(after[50]! - after[0]!).toBe(90_000);
    clock.changeSpeed(1);
    expect(run(clock, frames(50_000_000, 26), 40, 12_040).at(-1)).toBe(after[50]! + FRAME + 90_000);
  });

  test('property: any stamps give a rising DTS near the wall clock', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ pts: fc.oneof(fc.constant(-1), fc.nat(2 ** 31), fc.nat(20_000)), ms: fc.nat(200) })),
        (list) => {
          const clock = new TrackClock(new ProgramClock(), PES_CLOCK_MODULUS);
          let now = 0;
          let before = -1;
          for (const { pts, ms } of list) {
            now += ms;
            clock.stamp({ pts, dts: -1, duration90k: 0 }, now);
            expect(clock.dts).toBeGreaterThan(before);
            expect(clock.dts - before).toBeLessThanOrEqual(27_000 + 200 * 90 + 27_000);
            before = clock.dts;
          }
        },
      ),
    );
  });
});
