import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watch } from 'vue';
import type { Channel, Device } from '../api/types.ts';
import { useInventory } from './inventory.ts';

interface Request {
  readonly path: string;
  readonly answer: (items: readonly unknown[]) => Promise<void>;
  readonly refuse: () => Promise<void>;
}
/** Requests that wait for their answers, oldest first. */
let waiting: Request[];
let asked: string[];

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
  waiting = [];
  asked = [];
  vi.stubGlobal('fetch', (url: string) => {
    const path = url.split('?')[0]!.replace('/api/v1', '');
    asked.push(path);
    return new Promise<Response>((resolve, reject) => {
      const settled = () => vi.advanceTimersByTimeAsync(0).then(() => undefined);
      waiting.push({
        path,
        answer: (items) => (resolve(Response.json({ items, total: items.length })), settled()),
        refuse: () => (reject(new TypeError('no network')), settled()),
      });
    });
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const device = (id: string, online = true) => ({ id, online, name: id }) as Device;
const channel = (deviceId: string, id: string) => ({ deviceId, id, name: id }) as Channel;
const take = (path: string): Request => {
  const index = waiting.findIndex((request) => request.path === path);
  return waiting.splice(index, 1)[0]!;
};
const ids = (channels: readonly Channel[]) => channels.map(({ id }) => id);

test('what events tell while the lists are under way is newer than the lists', async () => {
  const inventory = useInventory();
  const loaded = inventory.load();
  inventory.putDevice(device('changed', false));
  inventory.putDevice(device('come'));
  inventory.putDevice(device('gone'));
  inventory.removeDevice('gone');
  inventory.catalogChanged('changed');
  await take('/devices/changed/channels').answer([channel('changed', 'new')]);
  await take('/devices').answer([device('changed'), device('gone'), device('same')]);
  await take('/channels').answer([channel('changed', 'old'), channel('gone', 'c'), channel('same', 'c')]);
  await loaded;
  expect([...inventory.devices.keys()].toSorted()).toEqual(['changed', 'come', 'same']);
  expect(inventory.devices.get('changed')?.online).toBe(false);
  expect([...inventory.channels.keys()].toSorted()).toEqual(['changed', 'same']);
  expect(ids(inventory.channelsOf('changed'))).toEqual(['new']);
});

test('lists that answer late do not undo newer ones, and one that fails leaves what is known', async () => {
  const inventory = useInventory();
  const [first, second] = [inventory.load(), inventory.load()];
  const [early, late] = [waiting.slice(0, 2), waiting.slice(2)];
  await late[0]!.answer([device('a', false)]);
  await late[1]!.answer([]);
  await second;
  await early[0]!.answer([device('a', true)]);
  await early[1]!.answer([]);
  await first;
  expect(inventory.devices.get('a')?.online).toBe(false);
  waiting = [];
  const third = inventory.load();
  await take('/devices').refuse();
  await third;
  expect([inventory.loaded, inventory.error?.message !== undefined, inventory.devices.size]).toEqual([true, true, 1]);
});

test('ten thousand catalogues that change are asked for two at a time, and each device once', async () => {
  const inventory = useInventory();
  for (let turn = 0; turn < 2; turn++)
    for (let index = 0; index < 10_000; index++) inventory.catalogChanged(`d${index}`);
  expect(asked).toEqual(['/devices/d0/channels', '/devices/d1/channels']);
  await take('/devices/d1/channels').answer([]);
  expect(asked).toHaveLength(3);
  // Somebody who asks for one does not wait for the others.
  void inventory.loadChannels('d9000');
  expect(asked.at(-1)).toBe('/devices/d9000/channels');
  // A new list of all has them all.
  void inventory.load();
  await take('/devices/d0/channels').answer([]);
  await take('/devices/d2/channels').answer([]);
  expect(waiting.map(({ path }) => path).toSorted()).toEqual(['/channels', '/devices', '/devices/d9000/channels']);
});

test('answers about one device cannot overtake each other', async () => {
  const inventory = useInventory();
  void inventory.loadChannels('d');
  const second = inventory.loadChannels('d');
  expect(asked).toHaveLength(1);
  await take('/devices/d/channels').answer([channel('d', 'old')]);
  await take('/devices/d/channels').answer([channel('d', 'new')]);
  await second;
  expect(ids(inventory.channelsOf('d'))).toEqual(['new']);
});

test('a device that changes is no change of the channels, a catalogue that comes is one', async () => {
  const inventory = useInventory();
  const seen: string[] = [];
  watch(
    () => ({ devices: inventory.devices }),
    () => seen.push('devices'),
    { flush: 'sync' },
  );
  watch(
    () => ({ channels: inventory.channels }),
    () => seen.push('channels'),
    { flush: 'sync' },
  );
  inventory.putDevice(device('a'));
  await vi.advanceTimersByTimeAsync(1000);
  expect(seen).toEqual(['devices']);
  void inventory.loadChannels('a');
  await take('/devices/a/channels').answer([channel('a', 'c')]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(seen).toEqual(['devices', 'channels']);
});

test('an event that comes while one device is looked at is newer than the look', async () => {
  const inventory = useInventory();
  const signal = new AbortController().signal;
  const looked = inventory.refreshDevice('a', signal);
  inventory.putDevice(device('a', false));
  // A single device is no list; the fake wraps whatever it is given.
  await take('/devices/a').answer([]);
  await looked;
  expect(inventory.devices.get('a')?.online).toBe(false);
});
