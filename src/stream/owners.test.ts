import { afterEach, beforeEach, expect, test } from 'vitest';
import { scriptedParts } from '../../test/support/stream-fakes.ts';
import { createStreams } from './streams.ts';
import type { Streams } from './types.ts';

const PEER = { offer: 'v=0', remoteAddress: '192.0.2.7', userAgent: 'page' };
const GONE = { code: 'member_gone' };

let parts: ReturnType<typeof scriptedParts>;
let streams: Streams;

beforeEach(() => {
  parts = scriptedParts();
  streams = createStreams({ idleTimeoutMs: 1000, firstPacketTimeoutMs: 1000, silenceTimeoutMs: 1000 }, parts);
});
afterEach(() => streams.shutdown());

const viewers = (name: string) => streams.find(name)?.viewers.map(({ id }) => id);

test('with its member ends what it publishes, watches and reads, and nothing of others', async () => {
  await streams.publish('own', { ...PEER, owner: 'alice' });
  await streams.publish('other', { ...PEER, owner: 'bob' });
  await streams.view('other', { ...PEER, owner: 'alice' });
  const stays = await streams.view('other', { ...PEER, owner: 'bob' });
  const nobodys = await streams.view('other', PEER);
  const taps = await Promise.all(['alice', 'bob', undefined].map((owner) => streams.tap('other', { owner })));
  streams.closeOwned('alice');
  expect(streams.list().map(({ name }) => name)).toEqual(['live/other']);
  expect(viewers('other')).toEqual([stays.id, nobodys.id]);
  expect(taps.map(({ closed }) => closed)).toEqual([true, false, false]);
});

test('what a member had asked for before it left does not open behind it', async () => {
  await streams.publish('other', PEER);
  const asked = [
    streams.view('other', { ...PEER, owner: 'alice' }),
    streams.tap('other', { owner: 'alice' }),
    streams.publish('late', { ...PEER, owner: 'alice' }),
  ];
  streams.closeOwned('alice');
  for (const each of asked) await expect(each).rejects.toMatchObject(GONE);
  expect(streams.list().map(({ name, viewers: watching, readers }) => [name, watching, readers])).toEqual([
    ['live/other', [], []],
  ]);
  expect(parts.webrtc.publications.map(({ closed }) => closed)).toEqual([false, true]);
});

test('who may not watch a stream any more is closed, who is no member stays', async () => {
  await streams.publish('s', PEER);
  await streams.view('s', { ...PEER, owner: 'alice' });
  const left = [await streams.view('s', { ...PEER, owner: 'bob' }), await streams.view('s', PEER)];
  streams.closeViewersOf('live/s', (owner) => owner === 'bob');
  streams.closeViewersOf('live/unknown', () => false);
  expect(viewers('s')).toEqual(left.map(({ id }) => id));
});

test('a stream that has left the room does not open for those who had asked for it before, by whatever name', async () => {
  await streams.publish('s', PEER);
  const view = (name: string, owner?: string) => streams.view(name, { ...PEER, owner });
  const refused = [view('live/s', 'alice'), view('s', 'alice'), streams.tap('s', { owner: 'alice' })];
  const stays = [view('s', 'bob'), view('s')];
  streams.closeViewersOf('live/s', (owner) => owner === 'bob');
  for (const each of refused) await expect(each).rejects.toMatchObject(GONE);
  const ids = (await Promise.all(stays)).map(({ id }) => id);
  expect(viewers('s')).toEqual(ids);
  // It may come back.
  await expect(view('s', 'alice')).resolves.toBeDefined();
});

test('who publishes a stream that it has not declared yet, or not any more, is no viewer of it', async () => {
  const publishing = streams.publish('s', { ...PEER, owner: 'alice' });
  streams.closeViewersOf('s', () => false);
  streams.closeViewersOf('live/s', () => false);
  await expect(publishing).resolves.toBeDefined();
});
