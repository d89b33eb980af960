import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FakePeer } from '../../../test/support/fake-peer.ts';
import { FakeStreams } from '../../../test/support/fake-streams.ts';
import { openMeetings, ROOM_KEY } from '../../../test/support/meetings-fixture.ts';
import { Tokens } from '../../api/auth/tokens.ts';

interface Message {
  readonly cseq: number;
  readonly method?: string;
  readonly err?: number;
  readonly event?: string;
  readonly session?: string;
}

const DOCUMENT = readFileSync(new URL('../../../docs/protocols/meeting.md', import.meta.url), 'utf8');

/** The examples of messages; those of REST begin otherwise. */
const examples = [...DOCUMENT.matchAll(/^```json\n(\{[^`]*)```$/gm)]
  .map(([, text]) => JSON.parse(text ?? '') as Message)
  .filter((message) => 'cseq' in message);

const byCseq = (a: Message, b: Message): number => a.cseq - b.cseq;

test('the examples of the document are what the server sends', async () => {
  const meetings = openMeetings(new FakeStreams(), {}, true);
  const { token } = await new Tokens(ROOM_KEY).signRoom(
    { app: 'demo', room: 'room1', user: '*', rights: ['join', 'publish', 'broadcast'] },
    60_000,
  );
  const connect = () => new FakePeer(meetings.protocol, { token, host: '192.0.2.10:8890' });
  const [alice, bob] = [connect(), connect()];
  const joinBob = JSON.stringify({ method: 'channel.join', data: { app: 'demo', channel: 'room1', endpoint: 'bob' } });
  await bob.say(joinBob);
  const [{ session: bobs = '' }] = bob.take() as [Message];

  const requests = examples.filter(({ event, err }) => event === undefined && err === undefined).toSorted(byCseq);
  const documented = requests[0]?.session === '' ? examples.find(({ err }) => err === 0)?.session : undefined;
  const sent: string[] = [];
  let session = '';
  for (const request of requests) {
    await alice.say(JSON.stringify({ ...request, session: request.session === documented ? session : '' }));
    sent.push(...alice.sent.splice(0));
    session = (JSON.parse(sent[0] ?? '') as { session: string }).session;
  }
  await connect().say(JSON.stringify({ ...(JSON.parse(joinBob) as object), session: bobs }));

  const shown = (text: string): Message =>
    JSON.parse(
      text.replaceAll(session, documented ?? '').replaceAll(/(token=|token":")eyJ[\w.-]+/g, '$1eyJhbGciOiJIUzI1NiJ9…'),
    ) as Message;
  const replies = examples.filter(({ err }) => err !== undefined).toSorted(byCseq);
  // Some answers are described by words.
  const answered = sent.map(shown).filter(({ cseq }) => replies.some((reply) => reply.cseq === cseq));
  expect(answered).toEqual(replies);

  const events = examples.filter(({ event }) => event !== undefined).toSorted(byCseq);
  const bobsDocumented = events[0]?.session ?? '';
  const heard = bob.sent.map((text) => JSON.parse(text.replaceAll(bobs, bobsDocumented)) as Message);
  expect(heard.filter(({ cseq }) => events.some((event) => event.cseq === cseq))).toEqual(events);
  expect([requests.length, replies.length, events.length]).toEqual([8, 4, 4]);
  meetings.close();
});
