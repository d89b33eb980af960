import { expect, test } from 'vitest';
import { gradeOf } from './quality.ts';

const FINE = { bitrateBps: 900_000, lossRatio: 0, resolution: '640 × 360', fps: 25, roundTripMs: 20 };

test.each([
  { name: 'nothing wrong', change: {}, grade: 3 },
  { name: 'sound alone', change: { resolution: '', fps: 0 }, grade: 3 },
  { name: 'a screen that stands still', change: { fps: 0 }, grade: 3 },
  { name: 'the browser does not tell the round trip', change: { roundTripMs: undefined }, grade: 3 },
  { name: 'some loss', change: { lossRatio: 0.03 }, grade: 2 },
  { name: 'a long way', change: { roundTripMs: 400 }, grade: 2 },
  { name: 'a slow picture', change: { fps: 4 }, grade: 2 },
  { name: 'much loss', change: { lossRatio: 0.1 }, grade: 1 },
  { name: 'no talking over this', change: { roundTripMs: 1500 }, grade: 1 },
])('$name', ({ change, grade }) => expect(gradeOf({ ...FINE, ...change })).toBe(grade));
