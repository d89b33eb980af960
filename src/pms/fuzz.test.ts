import { expect, test } from 'vitest';
import { mutateText, seededRandom } from '../../test/support/mutate.ts';
import { PmsPeer } from '../../test/support/pms-peer.ts';
import { scriptedParts } from '../../test/support/stream-fakes.ts';
import { createStreamRights } from '../api/auth/stream-rights.ts';
import { createStreams, type Streams } from '../stream/index.ts';
import { silentLogger } from '../util/index.ts';
import { Signalling } from './signalling.ts';
import type { PmsRecordings } from './types.ts';

const MESSAGES = 100_000;
const MESSAGES_OF_A_CLIENT = 50;
const RECORDINGS: PmsRecordings = {
  start: async ({ fileName = 'x.mp4' }) => ({ files: [{ fileName }] }),
  stopStream: async () => [],
};

/** One message of each kind, two of them in the session that the client has. */
function seedsOf(session: string): string[] {
  const data = { sdp: 'v=0\r\n', max_bitrate: 1_000_000 };
  return [
    { version: '1.0', method: 'stream.publish', stream: 'xxx', session: '', data },
    { version: '1.0', method: 'stream.publish', stream: 'yyy', session, data },
    { version: '1.0', method: 'stream.play', stream: 'desk', session, data: { sdp: 'v=0\r\n', token: 'x' } },
    { version: '1.0', method: 'stream.mute', stream: 'xxx', data: { video: true, audio: false } },
    { version: '1.0', method: 'stream.close', stream: 'xxx', data: {} },
    { version: '1.0', method: 'stream.shutdown', stream: 'desk', session, data: {} },
    { version: '1.0', method: 'stream.heartbeat', stream: 'xxx', session, data: {} },
    { method: 'session.setup', stream: 'xxx', data: { role: 'player' } },
    { stream: '123456', method: 'record.start', data: { fileName: '123456-20201123-231523.webm' } },
    { stream: '123456', method: 'record.stop', data: {} },
  ].map((message) => JSON.stringify(message));
}

const ODD: readonly unknown[] = [
  undefined,
  null,
  '',
  'y',
  '../x',
  'x'.repeat(500),
  0,
  -1,
  1e308,
  true,
  [],
  {},
  '\u0000',
];

/** One value of a message is another one: most go further than a damaged text does. */
function mutateValue(text: string, random: () => number): string {
  const message = JSON.parse(text) as Record<string, unknown>;
  const data = message['data'] as Record<string, unknown>;
  const part = random() < 0.5 ? message : data;
  const keys = Object.keys(part);
  const key = keys[Math.floor(random() * keys.length)] ?? 'token';
  part[key] = ODD[Math.floor(random() * ODD.length)];
  return JSON.stringify(message);
}

/** A request by HTTP has no connection that would end what it began. */
function endAll(streams: Streams): void {
  for (const { name, publisher, viewers } of streams.list()) {
    for (const { id } of viewers) streams.closeViewer(id);
    if (publisher !== undefined && name !== 'live/desk') streams.closePublication(publisher.id);
  }
}

test(`${MESSAGES} damaged messages beside a publication: each is answered, it goes on, nothing stays`, async () => {
  const random = seededRandom(8889);
  const parts = scriptedParts();
  const times = { idleTimeoutMs: 1000, firstPacketTimeoutMs: 1000, silenceTimeoutMs: 1000 };
  const streams = createStreams(times, parts);
  const rights = createStreamRights(new Uint8Array(32), false);
  const signalling = new Signalling({ streams, recordings: RECORDINGS, rights, log: silentLogger }, 10_000);
  const publisher = new PmsPeer();
  const [publish = ''] = seedsOf('');
  expect(await signalling.handle(publish.replace('xxx', 'desk'), publisher)).toMatchObject({ err: 0 });

  const replies = new Map<string, number>();
  const ask = async (text: string, client: PmsPeer): Promise<void> => {
    const { err, err_msg: said, data } = await signalling.handle(text, client);
    if (said === '' || said.length > 2000) expect.fail(`${said.length} characters: ${text}`);
    const kind = err === 0 ? 'OK' : String(data['reason']);
    replies.set(kind, (replies.get(kind) ?? 0) + 1);
  };
  for (let sent = 0; sent < MESSAGES; sent += MESSAGES_OF_A_CLIENT) {
    const client = new PmsPeer(random() < 0.5);
    const { session } = await signalling.handle(publish, client);
    const seeds = seedsOf(session);
    for (let message = 0; message < MESSAGES_OF_A_CLIENT; message += 1) {
      const mutate = message % 3 === 0 ? mutateValue : mutateText;
      await ask(mutate(seeds[Math.floor(random() * seeds.length)] ?? '{}', random), client);
    }
    signalling.leave(client);
    if (client.lasting) expect(streams.find('desk')?.viewers).toEqual([]);
    if (!client.lasting) endAll(streams);
  }
  signalling.sweep(-1);

  expect([...replies.keys()]).not.toContain('internal_error');
  expect(replies.get('OK')).toBeGreaterThan(MESSAGES / 20);
  expect(replies.get('message_invalid')).toBeGreaterThan(MESSAGES / 10);
  expect(publisher.received).toEqual([]);
  expect(streams.list().map(({ name }) => name)).toEqual(['live/desk']);
  const { publications, viewers } = parts.webrtc;
  expect([publications, viewers].map((all) => all.filter(({ closed }) => !closed).length)).toEqual([1, 0]);
  expect(viewers.length).toBeGreaterThan(100);
  expect(signalling.sessions.size).toBe(1);
  signalling.close();
  await streams.shutdown();
}, 120_000);
