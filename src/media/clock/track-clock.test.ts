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

  describe('an order to the device', () => {
    interface Unit {
      readonly atMs: number;
      readonly place: number;
    }

    const program = () => {
      const shared = new ProgramClock();
      const clock = new TrackClock(shared, PES_CLOCK_MODULUS);
      const feed = (units: readonly Unit[]): number[] =>
        units.map(({ atMs, place }) => {
          clock.stamp({ pts: 900_000 + place * FRAME, dts: -1, duration90k: 0 }, atMs);
          // Ahead of the wall clock, in ms.
          return clock.dts / 90 - atMs;
        });
      const sent = (): void => {
        shared.held = true;
      };
      const answered = (speed: number): void => {
        shared.held = false;
        shared.offset = undefined;
        clock.changeSpeed(speed);
      };
      return { clock, shared, feed, sent, answered };
    };
    const units = (count: number, atMs: number, place: number, { stepMs = 40, step = 1 } = {}): Unit[] =>
      Array.from({ length: count }, (_, index) => ({ atMs: atMs + index * stepMs, place: place + index * step }));
    const farthest = (list: readonly number[]): number => Math.max(...list.map(Math.abs));

    test('pictures behind a pause are at the present, also those that come before the answer', () => {
      const { clock, feed, sent, answered } = program();
      feed(units(100, 0, 0));
      sent();
      // Two were under way, then six seconds of pause, then the device goes on before its answer is here.
      feed(units(2, 4000, 100));
      sent();
      const before = feed(units(10, 10_000, 102));
      answered(1);
      expect(farthest([...before, ...feed(units(100, 10_400, 112))])).toBeLessThan(1);
      expect(clock.jumps).toBe(0);
    });

    test.each([
      { from: 1, to: 8 },
      { from: 8, to: 1 },
      { from: 1, to: 0.25 },
      { from: 2, to: -2 },
    ])('from $from to $to times the speed, with an answer that is late and pictures that are later', ({ from, to }) => {
      const { feed, sent, answered } = program();
      feed(units(100, 0, 0));
      answered(from);
      feed(units(200 * from, 4000, 100, { stepMs: 40 / from }));
      sent();
      const pace = Math.abs(to);
      const count = Math.ceil(15 * pace);
      feed(units(5, 12_000, 3000, { stepMs: 40 / from }));
      const early = feed(units(count, 12_200, 5000, { stepMs: 40 / pace, step: Math.sign(to) }));
      answered(to);
      const rest = units(100 * pace, 12_200 + count * (40 / pace), 5000 + count * Math.sign(to), {
        stepMs: 40 / pace,
        step: Math.sign(to),
      });
      // What waited somewhere comes at once.
      const stalled = rest.map((unit, index) => (index < 8 ? { ...unit, atMs: rest[8]!.atMs } : unit));
      expect(farthest(early)).toBeLessThan(1);
      // Backwards no further than a picture.
      expect(farthest(feed(stalled).slice(8))).toBeLessThan(21);
    });

    test('a seek whose picture comes after a second, before the answer, is at the present', () => {
      const { feed, sent, answered } = program();
      feed(units(100, 0, 0));
      sent();
      const seen = feed(units(3, 5000, 140));
      answered(1);
      // One that was under way, then those of the new place.
      seen.push(...feed([{ atMs: 5120, place: 100 }, ...units(50, 5121, 143)]));
      expect(farthest(seen)).toBeLessThan(2);
    });

    test('behind it the sound is with the picture', () => {
      const { clock, shared, feed, sent, answered } = program();
      const audio = new TrackClock(shared, PES_CLOCK_MODULUS);
      const both = (list: readonly Unit[]): void =>
        list.forEach((unit) => {
          feed([unit]);
          // Muxed 200 ms behind its picture.
          const sound = { pts: 900_000 + (unit.place - 5) * FRAME, dts: -1, duration90k: FRAME };
          audio.stamp(sound, unit.atMs + 5);
        });
      both(units(50, 0, 100));
      expect(clock.dts - audio.dts).toBe(5 * FRAME);
      sent();
      both(units(10, 9000, 500));
      answered(1);
      audio.changeSpeed(1);
      both(units(50, 9400, 510));
      expect(clock.dts - audio.dts).toBe(5 * FRAME);
    });

    test('backwards in groups of pictures, each forwards, runs as the wall clock does', () => {
      const { feed, answered } = program();
      feed(units(100, 0, 0));
      answered(-1);
      const seen = Array.from({ length: 10 }, (_, group) => feed(units(25, 4000 + group * 1000, 5000 - group * 25)));
      expect(farthest(seen.flat())).toBeLessThan(50);
    });

    test('backwards in key frames alone runs as the wall clock does', () => {
      const { feed, answered } = program();
      feed(units(100, 0, 0));
      answered(-4);
      expect(farthest(feed(units(60, 4000, 5000, { stepMs: 500, step: -50 })))).toBeLessThan(2);
    });

    test.each([0.75, 1.25])('a device that keeps %d of the speed stays near the wall clock', (part) => {
      const { feed, answered } = program();
      feed(units(100, 0, 0));
      answered(4);
      expect(farthest(feed(units(4000, 4000, 100, { stepMs: 10 / part })))).toBeLessThan(400);
    });
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
