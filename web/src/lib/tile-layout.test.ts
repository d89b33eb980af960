import { describe, expect, test } from 'vitest';
import { arrangeTiles, type Rect } from './tile-layout.ts';

const DESKTOP = { width: 1260, height: 640 };
const PHONE = { width: 374, height: 560 };

const overlap = (a: Rect, b: Rect) =>
  a.left < b.left + b.width - 0.01 &&
  b.left < a.left + a.width - 0.01 &&
  a.top < b.top + b.height - 0.01 &&
  b.top < a.top + a.height - 0.01;

describe.each([
  { name: 'desktop', stage: DESKTOP },
  { name: 'phone', stage: PHONE },
  { name: 'a very flat stage', stage: { width: 900, height: 120 } },
])('$name', ({ stage }) => {
  test.each(Array.from({ length: 20 }, (_, index) => index + 1))('%i tiles fit and do not overlap', (count) => {
    for (const large of [undefined, 0, count - 1]) {
      const rects = arrangeTiles(count, stage, large);
      expect(rects).toHaveLength(count);
      for (const [index, rect] of rects.entries()) {
        expect(rect.width).toBeGreaterThan(0);
        expect(rect.left).toBeGreaterThanOrEqual(-0.01);
        expect(rect.top).toBeGreaterThanOrEqual(-0.01);
        expect(rect.left + rect.width).toBeLessThanOrEqual(stage.width + 0.01);
        expect(rect.top + rect.height).toBeLessThanOrEqual(stage.height + 0.01);
        expect(rects.slice(index + 1).some((other) => overlap(rect, other))).toBe(false);
      }
    }
  });
});

test.each([
  { count: 1, stage: DESKTOP, columns: 1 },
  { count: 2, stage: DESKTOP, columns: 2 },
  { count: 4, stage: DESKTOP, columns: 2 },
  { count: 16, stage: DESKTOP, columns: 4 },
  { count: 2, stage: PHONE, columns: 1 },
  { count: 16, stage: PHONE, columns: 3 },
])('$count on $stage.width × $stage.height: $columns columns', ({ count, stage, columns }) => {
  const [first] = arrangeTiles(count, stage);
  expect(arrangeTiles(count, stage).filter(({ top }) => top === first!.top)).toHaveLength(columns);
});

test('the last row stands in the middle', () => {
  const rects = arrangeTiles(3, DESKTOP);
  const last = rects[2]!;
  expect(last.left + last.width / 2).toBeCloseTo(DESKTOP.width / 2);
});

test('a large tile takes most of the stage and keeps its place in the order', () => {
  const rects = arrangeTiles(4, DESKTOP, 2);
  expect(rects[2]!.width).toBeGreaterThan(DESKTOP.width * 0.7);
  expect(rects.filter(({ width }) => width > 300)).toHaveLength(1);
});

test('no stage yet', () => {
  expect(arrangeTiles(3, { width: 0, height: 0 }).map(({ width }) => width)).toEqual([0, 0, 0]);
  expect(arrangeTiles(0, DESKTOP)).toEqual([]);
});
