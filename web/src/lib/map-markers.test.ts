import { expect, test } from 'vitest';
import { type MarkedPlace, mapMarkers } from './map-markers.ts';

const SIZE = { width: 800, height: 600 };
const VIEW = { longitude: 120, latitude: 30, zoom: 8 };
const shown = (places: readonly MarkedPlace[], chosen?: string, view = VIEW) =>
  mapMarkers(places, { view, size: SIZE, chosen });

/** Places on a raster of so many columns, from the middle of the view. */
const raster = (count: number, step: number): MarkedPlace[] =>
  Array.from({ length: count }, (_, index) => ({
    deviceId: 'd',
    channelId: String(index),
    longitude: 120 + (index % 10) * step,
    latitude: 30 + Math.floor(index / 10) * step * 0.1,
    online: index % 2 === 0,
  }));

test('few places are drawn one by one, and only those in sight', () => {
  const away = { deviceId: 'd', channelId: 'away', longitude: 0, latitude: 0, online: true };
  const { single, clusters } = shown([...raster(200, 0.001), away]);
  expect([single.length, clusters.length]).toEqual([200, 0]);
  expect(single[0]).toMatchObject({ key: 'd 0', x: 400, y: 300 });
});

test('ten thousand are gathered: few marks, none lost, at their middle', () => {
  const { single, clusters } = shown(raster(10_000, 0.1));
  expect(single.length + clusters.length).toBeLessThan(150);
  expect(clusters.every(({ count, online }) => count > 1 && online <= count)).toBe(true);
  const all = shown(raster(1000, 0.001));
  expect(all.single.length + all.clusters.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
  expect(all.clusters.reduce((sum, { online }) => sum + online, 0)).toBe(500);
});

test('the chosen one stays by itself', () => {
  const { single, clusters } = shown(raster(1000, 0.001), 'd 7');
  expect(single.map(({ key }) => key)).toContain('d 7');
  expect(clusters.reduce((sum, { count }) => sum + count, 0) + single.length).toBe(1000);
});

test('a map that is moved keeps what is gathered together', () => {
  const counts = (longitude: number) =>
    shown(raster(1000, 0.001), undefined, { ...VIEW, longitude }).clusters.map(({ key, count }) => `${key}:${count}`);
  expect(counts(120.05)).toEqual(counts(120));
});
