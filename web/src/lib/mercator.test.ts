import { expect, test } from 'vitest';
import { fitting, gridOf, panned, project, tilesOf, toScreen, unproject, zoomed } from './mercator.ts';

const SIZE = { width: 800, height: 600 };
const VIEW = { longitude: 118.38, latitude: 31.33, zoom: 12.5 };

test('there and back', () => {
  for (const place of [VIEW, { longitude: -180, latitude: 0 }, { longitude: 10, latitude: -84 }]) {
    const back = unproject(project(place, 7), 7);
    expect(back.longitude).toBeCloseTo(place.longitude, 8);
    expect(back.latitude).toBeCloseTo(place.latitude, 8);
  }
  expect(project({ longitude: 0, latitude: 0 }, 0)).toEqual({ x: 128, y: 128 });
  expect(project({ longitude: 0, latitude: 90 }, 0).y).toBeCloseTo(0, 3);
});

test('the middle is in the middle, and goes where it is pushed', () => {
  expect(toScreen(VIEW, VIEW, SIZE)).toEqual({ x: 400, y: 300 });
  const after = toScreen(VIEW, panned(VIEW, { x: 30, y: -20 }), SIZE);
  expect(after.x).toBeCloseTo(430, 6);
  expect(after.y).toBeCloseTo(280, 6);
});

test('zooming leaves what is under the pointer there, and has an end', () => {
  const place = { longitude: 118.4, latitude: 31.34 };
  const fixed = toScreen(place, VIEW, SIZE);
  const nearer = zoomed(VIEW, { by: 1, fixed, size: SIZE });
  expect(toScreen(place, nearer, SIZE).x).toBeCloseTo(fixed.x, 6);
  expect(zoomed(VIEW, { by: 99, fixed, size: SIZE }).zoom).toBe(18);
  expect(zoomed(VIEW, { by: -99, fixed, size: SIZE }).zoom).toBe(2);
});

test('a view that fits places shows all of them; one place is in the middle', () => {
  const places = [VIEW, { longitude: 119, latitude: 30 }, { longitude: 117.5, latitude: 32 }];
  const view = fitting(places, SIZE)!;
  for (const place of places) {
    const { x, y } = toScreen(place, view, SIZE);
    expect(x > 0 && x < SIZE.width && y > 0 && y < SIZE.height).toBe(true);
  }
  expect(fitting([VIEW], SIZE)).toMatchObject({ zoom: 16 });
  expect(fitting([], SIZE)).toBeUndefined();
});

test('tiles cover the screen, and wrap around the world', () => {
  const tiles = tilesOf('https://{s}.example/{z}/{x}/{y}.png', VIEW, SIZE);
  expect(Math.min(...tiles.map(({ x }) => x))).toBeLessThanOrEqual(0);
  expect(Math.max(...tiles.map(({ x, size }) => x + size))).toBeGreaterThanOrEqual(SIZE.width);
  expect(tiles[0]?.url).toMatch(/^https:\/\/[abc]\.example\/13\/\d+\/\d+\.png$/);
  const world = tilesOf('{z}/{x}/{y}', { longitude: 179.9, latitude: 0, zoom: 2 }, SIZE);
  expect(world.every(({ url }) => /^2\/[0-3]\/[0-3]$/.test(url))).toBe(true);
});

test('the grid has a few lines at round degrees', () => {
  const { longitudes, latitudes, step } = gridOf(VIEW, SIZE);
  expect(step).toBe(0.02);
  expect(longitudes.length).toBeGreaterThan(2);
  expect(longitudes.length).toBeLessThan(12);
  expect(longitudes).toContain(118.38);
  expect(latitudes.every((line) => Math.abs(line / step - Math.round(line / step)) < 1e-6)).toBe(true);
});
