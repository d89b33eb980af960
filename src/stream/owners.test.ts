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
