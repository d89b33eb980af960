import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { countWork } from '../../../test/support/counted-work.ts';
import { FakePeer } from '../../../test/support/fake-peer.ts';
import { FakeStreams } from '../../../test/support/fake-streams.ts';
import { openMeetings } from '../../../test/support/meetings-fixture.ts';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import type { Meetings } from './types.ts';

/** Damaged ones, each of them sent. */
const FUZZED = 100_000;
const SEED = 20_261_128;

const STREAM = { type: 'camera', has_video: true, has_audio: true, audio_codec: 'opus', video_codec: 'vp8' };
/** What may stand where a document has a value. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  'a',
  '\u0000',
  '\ud800',
  "'; DROP TABLE rooms; --",
  '<img src=x onerror=alert(1)>',
  'x'.repeat(10_240),
  [],
  [[[[]]]],
  {},
  { toString: 5, __proto__: null, constructor: 'x' },
  'channel.join',
];

interface Sample {
  readonly method: string;
  readonly data: Record<string, unknown>;
}
const SAMPLES: readonly Sample[] = [
  { method: 'channel.join', data: { app: 'a', channel: 'c', endpoint: 'e', role: 'normal', device: 'd', token: 't' } },
  { method: 'channel.leave', data: {} },
  { method: 'stream.add', data: { stream: { ...STREAM, stream_id: 's' } } },
  { method: 'stream.delete', data: { stream_id: 's' } },
  { method: 'channel.dump', data: {} },
  { method: 'media_server.dump', data: { protocol: 'webrtc' } },
  { method: 'broadcast', data: { text: 'hello', list: [1, { deep: null }] } },
];

const pick = <T>(list: readonly T[], random: (below: number) => number): T => list[random(list.length)] as T;

interface Fuzzed {
  readonly text: string;
  /** False: it is the document as it was. */
  readonly damaged: boolean;
}

/** One document with some values replaced, or its text with some bytes broken, or neither. */
function fuzzed(random: (below: number) => number, sessions: readonly string[], buffer: Buffer): Fuzzed {
  const { method, data } = structuredClone(pick(SAMPLES, random));
  const message: Record<string, unknown> = {
    version: 0,
    cseq: random(100),
    method,
    session: pick(sessions, random),
    data,
  };
  const intact = JSON.stringify(message);
  for (let changes = random(3); changes > 0; changes--) {
    const inner = data['stream'];
    const isObject = typeof inner === 'object' && inner !== null;
    const target = pick([message, data, isObject ? (inner as Record<string, unknown>) : data], random);
    const key = pick([...Object.keys(target), 'extra', 'method'], random);
    target[key] = structuredClone(pick(VALUES, random));
  }
  let text = JSON.stringify(message);
  if (random(3) === 0) text = buffer.toString('utf8', 0, mutate(Buffer.from(text), buffer, random));
  return { text, damaged: text !== intact };
}

interface Reply {
  readonly err?: unknown;
  readonly err_msg?: unknown;
  readonly event?: unknown;
  readonly session?: unknown;
  readonly data?: unknown;
}

/** Each message gets one answer in the form of the document; returns whether it was a success. */
function checkAnswer(texts: readonly string[], message: string): boolean {
  const replies = texts.map((text) => JSON.parse(text) as Reply).filter(({ event }) => event === undefined);
  const [reply] = replies;
  const wellFormed =
    replies.length === 1 &&
    typeof reply?.err === 'number' &&
    typeof reply.err_msg === 'string' &&
    typeof reply.session === 'string' &&
    typeof reply.data === 'object';
  if (!wellFormed) throw new Error(`${message} was answered with ${texts.join(' ')}`);
  return reply.err === 0;
}

async function joinAs(meetings: Meetings, endpoint: string): Promise<FakePeer> {
  const peer = new FakePeer(meetings.protocol);
  await peer.say(JSON.stringify({ method: 'channel.join', data: { app: 'a', channel: 'c', endpoint } }));
  return peer;
}

async function documentWorks(meetings: Meetings): Promise<void> {
  const peer = new FakePeer(meetings.protocol);
  await peer.say(
    JSON.stringify({ version: 0, cseq: 0, method: 'channel.join', session: '', data: { app: 'z', channel: 'z' } }),
  );
  expect(peer.take()).toMatchObject([{ err: 0 }]);
  peer.drop();
}

test(`fuzz: each of ${FUZZED} broken messages is answered once, and harms nobody`, { timeout: 300_000 }, async () => {
  const random = seededRandom(SEED);
  const meetings = openMeetings(new FakeStreams(), { graceMs: 0 });
  const watcher = new FakePeer(meetings.protocol);
  await watcher.say(JSON.stringify({ method: 'channel.join', data: { app: 'w', channel: 'c', endpoint: 'e' } }));
  const [{ session }] = watcher.take() as [{ session: string }];
  const buffer = Buffer.alloc(65_536);
  const connect = (): FakePeer => new FakePeer(meetings.protocol);
  let peers = Array.from({ length: 4 }, connect);
  let successes = 0;
  let damaged = 0;
  for (let sent = 0; damaged < FUZZED; sent++) {
    if (sent % 50 === 0) peers.shift()?.drop();
    // All of them join as the same endpoint, and each replaces the one before.
    peers = peers.filter(({ closed }) => !closed);
    while (peers.length < 4) peers.push(connect());
    const peer = pick(peers, random);
    const message = fuzzed(random, ['', session, 'made up'], buffer);
    peer.sent.length = 0;
    await peer.say(message.text);
    if (checkAnswer(peer.sent, message.text)) successes += 1;
    if (message.damaged) damaged += 1;
  }
  // Far from all are broken: what lies behind the parser is reached, too.
  expect(successes).toBeGreaterThan(FUZZED / 50);
  // Nothing of it came to the room of another app.
  expect([watcher.sent, watcher.closed]).toEqual([[], false]);
  expect(meetings.get('w', 'c')).toMatchObject({ members: 1, streams: 0 });
  await documentWorks(meetings);
  for (const peer of peers) peer.drop();
  watcher.drop();
  await expect.poll(() => meetings.counters).toMatchObject({ rooms: 0, members: 0 });
  meetings.close();
});

describe('a busy room', () => {
  const MEMBERS = 400;
  /** Whatever the room's size: request, answer, what is told and what has changed, each once, and room for the runner. */
  const MAX_WRITTEN = 30;
  /** Each member is looked at by what tells connections, members inside the gateway, and the list, of a stream or two. */
  const MAX_VISITS = 8 * MEMBERS;

  let meetings: Meetings;
  let peers: FakePeer[];
  const join = (index: number): Promise<FakePeer> => joinAs(meetings, `e${index}`);
  const sends = (): number => peers.reduce((sum, { sent }) => sum + sent.length, 0);
  const forget = (): void => {
    for (const peer of peers) peer.sent.length = 0;
  };
  const say = (method: string, data: unknown = {}, peer = peers[0]): Promise<void> =>
    peer?.say(JSON.stringify({ method, data })) ?? Promise.resolve();

  beforeEach(async () => {
    meetings = openMeetings(new FakeStreams());
    peers = [];
    for (let index = 0; index < MEMBERS; index++) peers.push(await join(index));
    await say('stream.add', { stream: { ...STREAM, stream_id: 'first' } });
    await say('channel.dump');
    forget();
  });
  afterEach(() => meetings.close());

  test.each<[what: string, sent: number, work: () => Promise<void>]>([
    ['broadcast', MEMBERS, () => say('broadcast', { text: 'x'.repeat(1000) })],
    ['stream.add', MEMBERS, () => say('stream.add', { stream: { ...STREAM, stream_id: 'second' } })],
    ['stream.delete', MEMBERS, () => say('stream.delete', { stream_id: 'first' })],
    // Its stream and the member itself.
    ['channel.leave', 2 * MEMBERS - 1, () => say('channel.leave')],
    ['media_server.dump', 1, () => say('media_server.dump', { protocol: 'webrtc' })],
    ['channel.dump', 1, () => say('channel.dump')],
    [
      'a list after a change',
      MEMBERS + 1,
      async () => {
        await say('stream.delete', { stream_id: 'first' });
        await say('channel.dump');
      },
    ],
    ['another one who joins', MEMBERS, async () => void (await join(MEMBERS))],
  ])('%s: one text for all, one look at each', async (_what, sent, work) => {
    const { written, visits } = await countWork(work);
    expect(sends()).toBe(sent);
    expect(written).toBeLessThanOrEqual(MAX_WRITTEN);
    expect(visits).toBeLessThanOrEqual(MAX_VISITS);
  });

  test('the list is written once for everybody who asks', async () => {
    await say('stream.delete', { stream_id: 'first' });
    forget();
    const { written, visits } = await countWork(async () => {
      for (const peer of peers) await say('channel.dump', {}, peer);
    });
    expect(sends()).toBe(MEMBERS);
    expect(written).toBeLessThanOrEqual(4 * MEMBERS);
    expect(visits).toBeLessThanOrEqual(MAX_VISITS);
    const lists = new Set(peers.map(({ sent: [text] }) => text?.split('"endpoint_list":')[1]));
    expect(lists.size).toBe(1);
    expect(meetings.counters).toMatchObject({ rooms: 1, members: MEMBERS, failures: 0 });
  });
});
