import { describe, expect, test } from 'vitest';
import { LatestPlaces } from './latest-places.ts';

const place = (deviceId: string, channel: number, at = 0) => {
  return { deviceId, channelId: `c${channel}`, at, receivedAt: at, longitude: 1, latitude: 2 };
};
const names = (places: LatestPlaces): string[] =>
  places.list().map(({ deviceId, channelId }) => `${deviceId}/${channelId}`);

describe('latest places', () => {
  test('a device that writes IDs without end loses its own, the oldest first', () => {
    const places = new LatestPlaces(6);
    places.set(place('quiet', 1));
    places.set(place('quiet', 2));
    for (let n = 0; n < 1_000; n += 1) places.set(place('loud', n));
    expect(names(places)).toEqual(['quiet/c1', 'quiet/c2', 'loud/c996', 'loud/c997', 'loud/c998', 'loud/c999']);
    expect(places.size).toBe(6);
  });

  test('who has less than its share takes the place of the one with most, and tells which', () => {
    const places = new LatestPlaces(4);
    for (let n = 0; n < 4; n += 1) expect(places.set(place('loud', n))).toBeUndefined();
    expect(places.set(place('late', 1))).toEqual(place('loud', 0));
    expect(places.set(place('late', 1, 9))).toBeUndefined();
    expect(places.set(place('late', 2))).toEqual(place('loud', 1));
    expect(places.set(place('third', 1))).toEqual(place('loud', 2));
    expect(names(places).toSorted()).toEqual(['late/c1', 'late/c2', 'loud/c3', 'third/c1']);
  });

  test('what was heard of last stays', () => {
    const places = new LatestPlaces(2);
    places.set(place('d', 1));
    places.set(place('d', 2));
    places.set(place('d', 1, 5));
    places.set(place('d', 3));
    expect(names(places)).toEqual(['d/c1', 'd/c3']);
    expect(places.get({ deviceId: 'd', channelId: 'c1' })).toEqual(place('d', 1, 5));
  });

  test('the places of a device that is removed are free', () => {
    const places = new LatestPlaces(2);
    places.set(place('a', 1));
    places.set(place('b', 1));
    places.deleteDevice('a');
    places.deleteDevice('a');
    expect(places.set(place('b', 2))).toBeUndefined();
    expect(names(places)).toEqual(['b/c1', 'b/c2']);
  });
});
