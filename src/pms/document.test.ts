import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { openRecordings, type RecordingsFixture } from '../../test/support/recordings-fixture.ts';
import { PmsPeer } from '../../test/support/pms-peer.ts';
import { fakeStream } from '../../test/support/fake-streams.ts';
import { scriptedParts } from '../../test/support/stream-fakes.ts';
import { createStreamRights } from '../api/auth/stream-rights.ts';
import { createStreams, type Streams } from '../stream/index.ts';
import { silentLogger } from '../util/index.ts';
import { parseMessage } from './messages.ts';
import { Signalling } from './signalling.ts';

const PAGE = readFileSync(new URL('../../docs/protocols/pms.md', import.meta.url), 'utf8');

interface Example {
  readonly method?: string;
  readonly stream?: string;
  readonly err?: number;
  readonly session?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Every message of the page, in its order. */
const EXAMPLES = [...PAGE.matchAll(/```json\n([\s\S]*?)```/g)].flatMap(([, block = '']) => {
  const texts = block.startsWith('{\n') ? [block] : block.trim().split('\n');
  return texts.map((text) => JSON.parse(text) as Example);
});
const REQUESTS = EXAMPLES.filter(({ err }) => err === undefined);
const REPLIES = EXAMPLES.filter(({ err }) => err !== undefined);

describe('docs/protocols/pms.md', () => {
  test.each(REQUESTS.map((message) => ({ message, method: message.method })))('$method is read', ({ message }) => {
    expect(parseMessage(JSON.stringify(message))).toHaveProperty('request');
  });

  test.each([
    'stream.publish',
    'stream.play',
    'stream.mute',
    'stream.close',
    'stream.shutdown',
    'stream.heartbeat',
    'session.setup',
    'record.start',
    'record.stop',
  ])('has a request and a good reply of %s', (name) => {
    expect(REQUESTS.some(({ method }) => method === name)).toBe(true);
    expect(REPLIES.some(({ method, err }) => method === name && err === 0)).toBe(true);
  });

  test('replies have the whole envelope; those of record.cmdPort are the shorter ones', () => {
    const shapes = new Set(REPLIES.map((reply) => Object.keys(reply).join(' ')));
    const whole = 'version err err_msg session stream method data';
    expect([...shapes].toSorted()).toEqual(['version err err_msg data', whole]);
    for (const reply of REPLIES.filter(({ err }) => err !== 0)) {
      expect(reply).toHaveProperty('data.reason', expect.stringMatching(/^[a-z_]+$/));
    }
  });
});

/** As it is on the page, but for what is new each time: the session's id and the SDP. */
function comparable(reply: unknown): unknown {
  const text = JSON.stringify(reply, (key, value: unknown) => (key === 'sdp' ? 'v=0…' : value));
  return JSON.parse(text.replaceAll(/"sid\d+-[\w-]{12}"/g, '"sid"'));
}

describe('a gateway says what the page says', () => {
  const TIMES = { idleTimeoutMs: 1000, firstPacketTimeoutMs: 1000, silenceTimeoutMs: 1000 };
  const open: { streams: Streams; recorded: RecordingsFixture; signalling: Signalling }[] = [];

  function start({ auth = false, republish = 'take-over' as 'take-over' | 'refuse' } = {}): Signalling {
    const recorded = openRecordings({}, { running: [fakeStream({ name: 'live/123456', source: 'publication' })] });
    recorded.threads.codecs = ['VP8', 'OPUS'];
    const streams = createStreams({ ...TIMES, republish }, scriptedParts());
    const rights = createStreamRights(new Uint8Array(32), auth);
    const { recordings } = recorded;
    const signalling = new Signalling({ streams, recordings, rights, log: silentLogger }, 100);
    open.push({ streams, recorded, signalling });
    return signalling;
  }

  afterEach(async () => {
    for (const { streams, recorded, signalling } of open.splice(0)) {
      signalling.close();
      await streams.shutdown();
      await recorded.close();
    }
  });

  const example = (method: string): string =>
    JSON.stringify(REQUESTS.find((request) => request.method === method) ?? {});
  const reply = (method: string, reason?: string): unknown =>
    comparable(REPLIES.find((each) => each.method === method && each.data['reason'] === reason));
  const PUBLISH = example('stream.publish');

  test.each(REQUESTS.map((message) => ({ message, method: message.method ?? '' })))('$method', async (sent) => {
    const [signalling, client] = [start(), new PmsPeer()];
    let text = JSON.stringify(sent.message);
    if (sent.message.session || sent.method === 'stream.play') {
      const { session } = await signalling.handle(PUBLISH, client);
      text = JSON.stringify({ ...sent.message, session: sent.message.session && session });
    }
    if (sent.method === 'record.stop') await signalling.handle(example('record.start'), client);
    expect(comparable(await signalling.handle(text, client))).toEqual(reply(sent.method));
  });

  test('a name that is live, where that is refused', async () => {
    const signalling = start({ republish: 'refuse' });
    await signalling.handle(PUBLISH, new PmsPeer());
    expect(comparable(await signalling.handle(PUBLISH, new PmsPeer()))).toEqual(
      reply('stream.publish', 'stream_taken'),
    );
  });

  test.each([
    { method: 'stream.play', reason: 'publisher_not_found', auth: false },
    { method: 'record.stop', reason: 'job_not_found', auth: false },
    { method: 'stream.publish', reason: 'not_allowed', auth: true },
  ])('$method refused as $reason', async ({ method, reason, auth }) => {
    const answer = await start({ auth }).handle(example(method), new PmsPeer());
    expect(comparable(answer)).toEqual(reply(method, reason));
  });

  test('the end of a publication, to its player and its publisher', async () => {
    const [signalling, publisher, player] = [start(), new PmsPeer(), new PmsPeer()];
    await signalling.handle(PUBLISH, publisher);
    await signalling.handle(example('stream.play'), player);
    await signalling.handle(PUBLISH, new PmsPeer());
    expect(player.received.map(comparable)).toEqual([reply('stream.close', 'publisher_gone')]);
    expect(publisher.received.map(comparable)).toEqual([reply('stream.close', 'replaced')]);
  });
});
