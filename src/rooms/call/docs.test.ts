import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import {
  FakeClient,
  joinOf,
  openCallFixture,
  type CallFixture,
  type Message,
} from '../../../test/support/room-server.ts';

/** `→` is from the client, `←` to it, `⇠` to another. */
interface Line {
  readonly arrow: string;
  readonly message: Message;
}

const DOCUMENT = readFileSync(new URL('../../../docs/protocols/call.md', import.meta.url), 'utf8');

/** One without an arrow is to the client. */
function lineOf(text: string): Line {
  const [, arrow = '←', json = ''] = /^([→←⇠])? ?(.*)$/su.exec(text) ?? [];
  return { arrow, message: JSON.parse(json) as Message };
}

/** The examples under each heading. */
const sections = new Map(
  DOCUMENT.split(/^#{2,3} /m).map((text): [title: string, lines: Line[]] => {
    const blocks = [...text.matchAll(/^```json\n([^`]*)\n```$/gm)].map(([, block = '']) => block.split('\n'));
    return [text.slice(0, text.indexOf('\n')), blocks.flat().map(lineOf)];
  }),
);

const NAMES = { '524965486': 'client_535', '974825066': 'client_183', '546109670': 'client_514' } as const;
const JOIN = 'join, respJoin, notifyNewPeer';
const TOKENS = 'updateToken, systemPromptToken, systemKickUser';

let fixture: CallFixture;
afterEach(() => {
  fixture.calls.close();
  vi.useRealTimers();
});

/** Sessions and the server's times are other ones each time, the seconds of a warning nearly so. */
function shown(message: Message | undefined): unknown {
  const text = JSON.stringify(message ?? null)
    .replaceAll(/"[0-7][0-9A-HJKMNP-TV-Z]{25}"/g, '"ULID"')
    .replaceAll(/"time":"\d{13}"/g, '"time":"ms"')
    .replaceAll(/expires in \d+ s/g, 'expires in 60 s');
  return JSON.parse(text);
}

/** A request that the document does not repeat: the one before, to somebody else. */
const asked = (before: Message | undefined, { remoteUid }: Message): Message => ({ ...before, remoteUid });

/** Says what the client says, and compares all that comes. */
async function play(lines: readonly Line[], clients: ReadonlyMap<unknown, FakeClient>): Promise<void> {
  let said: Message | undefined;
  let [answers, told]: [Message[], Message[]] = [[], []];
  const say = async (message: Message): Promise<void> => {
    expect([answers, told]).toEqual([[], []]);
    const speaker = clients.get(message['uid']) ?? [...clients.values()][0];
    const listener = clients.get(message['remoteUid']) ?? [...clients.values()].find((one) => one !== speaker);
    for (const client of clients.values()) client.take();
    await speaker?.say(message);
    [answers, told] = [speaker?.take() ?? [], listener?.take() ?? []];
  };
  for (const [index, { arrow, message }] of lines.entries()) {
    if (arrow === '→') await say((said = message));
    else if (arrow === '⇠') expect(shown(told.shift())).toEqual(shown(message));
    else {
      if (answers.length === 0 && lines[index - 1]?.arrow !== '→') await say(asked(said, message));
      expect(shown(answers.shift())).toEqual(shown(message));
    }
  }
  expect([answers, told]).toEqual([[], []]);
}

function meet(uids: readonly (keyof typeof NAMES)[]): Map<unknown, FakeClient> {
  return new Map(uids.map((uid) => [uid, fixture.member(uid, {}, { uname: NAMES[uid] })]));
}

test.each([
  'leave, respLeave, relayLeave',
  'offer, respOffer, relayOffer',
  'answer, respAnswer, relayAnswer',
  'candidate, respCandidate, relayCandidate',
  'keepLive, respKeepLive',
  'turnTalkType, respTurnTalkType, relayTurnTalkType',
  'peerConnected, respPeerConnected',
  'reportInfo, reportStats',
  'iceRegister, iceDeregister, iceReportRxTxRate',
])('the examples of the document are what the server sends: %s', async (title) => {
  fixture = openCallFixture();
  fixture.ice.choice = { ...fixture.ice.choice, config: { ...fixture.ice.choice.config, iceServers: [] } };
  const lines = sections.get(title) ?? [];
  expect(lines.some(({ arrow }) => arrow === '→')).toBe(true);
  await play(lines, meet(['524965486', '974825066', '546109670']));
});

test('the examples of join', async () => {
  fixture = openCallFixture({ capacity: 3 });
  const lines = sections.get(JOIN) ?? [];
  const clients = meet(['524965486']);
  clients.set('974825066', fixture.connect());
  await play(lines.slice(0, 3), clients);
  fixture.member('c');
  const refused = fixture.connect();
  expect(refused.ask(joinOf('075640288', { uname: 'client_178' }))).toEqual(lines[3]?.message);
  expect(lines).toHaveLength(4);
});

test('the example of a message that has no answer of its own', () => {
  fixture = openCallFixture();
  const [line, ...more] = sections.get('Results') ?? [];
  const [client] = meet(['524965486']).values();
  client?.take();
  expect([client?.ask({ cmd: 'offer', roomId: 'another', remoteUid: 'b', msg: 'x' }), more]).toEqual([
    line?.message,
    [],
  ]);
});

test('the examples of tokens', async () => {
  vi.useFakeTimers();
  fixture = openCallFixture({}, true);
  const [prompt, update, answer, kick, ...more] = (sections.get(TOKENS) ?? []).map(({ message }) => message);
  const claims = (lifetimeMs: number) =>
    ({ app: '10000', room: '22', user: '*', rights: ['join'], expiresAt: Date.now() + lifetimeMs }) as const;
  fixture.rights.tokens.set('xa3f3fsaf', claims(61_000));
  const client = fixture.connect();
  await client.say(joinOf('974825066'));
  const live = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1000) {
      await vi.advanceTimersByTimeAsync(1000);
      await client.say({ cmd: 'keepLive' });
    }
  };
  const heard = () => client.take().filter(({ cmd }) => cmd !== 'respKeepLive');
  heard();
  await live(3000);
  expect(heard().map(shown)).toEqual([shown(prompt)]);
  fixture.rights.tokens.set(String(update?.['token']), claims(2000));
  await client.say(update ?? {});
  expect(heard()[0]).toEqual(answer);
  await live(4000);
  expect([shown(heard().at(-1)), more]).toEqual([shown(kick), []]);
});

test('the examples of the login server', () => {
  fixture = openCallFixture({ apps: [{ appId: '0123456789', domains: ['example.org'] }] });
  const [request, answer, refusal, ...more] = (sections.get('Login server') ?? []).map(({ message }) => message);
  const client = new FakeClient(fixture.calls.login, { secure: true });
  expect(client.ask(request ?? {})).toEqual(answer);
  const { appId, url } = refusal ?? {};
  expect([client.ask({ cmd: 'login', appId, url }), more]).toEqual([refusal, []]);
});

test('no other heading has examples', () => {
  const titles = [...sections].filter(([, lines]) => lines.length > 0).map(([title]) => title);
  expect(titles).toHaveLength(13);
});
