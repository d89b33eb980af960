import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { joinOf, openCallFixture, type CallFixture, type FakeClient } from '../../../test/support/room-server.ts';
import { mutateText, seededRandom } from '../../../test/support/mutate.ts';

/** Damaged messages, each of them sent. */
const DAMAGED = 100_000;

let fixture: CallFixture;

beforeEach(() => {
  fixture = openCallFixture();
});
afterEach(() => fixture.calls.close());

const COMMANDS: ReadonlyArray<Readonly<Record<string, unknown>>> = [
  joinOf('a'),
  { cmd: 'leave', appId: '10000', roomId: '22', uid: 'a', uname: 'x', userType: 0, time: '1' },
  { cmd: 'offer', appId: '10000', roomId: '22', uid: 'a', remoteUid: 'b', msg: '{"type":"offer","sdp":"v=0"}' },
  { cmd: 'answer', appId: '10000', roomId: '22', uid: 'a', remoteUid: 'b', connectType: 0, msg: 'x' },
  { cmd: 'candidate', appId: '10000', roomId: '22', uid: 'a', remoteUid: 'b', msg: { label: 0, id: 'audio' } },
  { cmd: 'keepLive', appId: '10000', roomId: '22', uid: 'a', sessionId: '01DD05S7VYTS6J7QF64E4TW0RH' },
  { cmd: 'turnTalkType', appId: '10000', roomId: '22', uid: 'a', index: 1, enable: true },
  { cmd: 'peerConnected', appId: '10000', roomId: '22', uid: 'a', remoteUid: 'b', connectType: 'TURN' },
  { cmd: 'reportInfo', appId: '10000', roomId: '22', uid: 'a', result: 9, desc: 'x', data1: 'y', data2: null },
  {
    cmd: 'reportStats',
    appId: '10000',
    roomId: '22',
    uid: 'a',
    remoteUid: 'b',
    subSessionId: 's',
    audio: { send: { bitRate: 1, packetsLostRate: '0' }, recv: {} },
    video: { send: { width: 1, height: 1, frameRateSent: 1 }, recv: { frameRateRecv: 1 } },
  },
  { cmd: 'updateToken', appId: '10000', roomId: '22', uid: 'a', token: 't', gate: 0 },
  { cmd: 'iceRegister', ip: '10.0.0.1', turnPort: 3478 },
  { cmd: 'iceDeregister', ip: '10.0.0.1' },
  { cmd: 'iceReportRxTxRate', ip: '10.0.0.1', rxRate: 1, txRate: 1 },
];

const WRONG: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  0.5,
  '',
  'x'.repeat(10_000),
  '\u0000\u0007\u202e',
  '__proto__',
  "'; DROP TABLE rtc_talk_sessions; --",
  '<img src=x onerror=alert(1)>',
  [],
  [[[]]],
  {},
  { toString: 1 },
  { length: 1e9 },
];

/** Whatever a client gets is a message of the protocol, and short. */
function checkReplies(client: FakeClient): void {
  for (const message of client.take()) {
    expect(message.cmd).toMatch(/^(resp|relay|notify|system|generalMsgResp)/);
    expect(JSON.stringify(message).length).toBeLessThan(25_000);
  }
}

describe('wrong types in each field', () => {
  const cases = COMMANDS.flatMap((message) => Object.keys(message).map((field) => ({ message, field })));

  test.each(cases)('$message.cmd $field', async ({ message, field }) => {
    for (const value of WRONG) {
      const client = fixture.member('a');
      const other = fixture.member('b');
      const outsider = fixture.member('c', {}, { roomId: 'elsewhere' });
      outsider.take();
      await client.say({ ...message, [field]: value });
      for (const each of [client, other]) checkReplies(each);
      expect(outsider.take()).toEqual([]);
      const { rooms, users } = fixture.calls.counts;
      expect(rooms).toBeLessThanOrEqual(3);
      expect(users).toBeLessThanOrEqual(3);
      for (const each of [client, other, outsider]) void each.say({ cmd: 'leave' });
    }
    expect(fixture.calls.counts.users).toBe(0);
  });
});

test(`${DAMAGED} damaged messages of three clients harm neither them nor anybody else`, async () => {
  const random = seededRandom(20_260_328);
  const texts = COMMANDS.map((message) => JSON.stringify(message));
  const outsider = fixture.member('outsider', {}, { appId: '2' });
  outsider.take();
  const uids = ['a', 'b', 'c'];
  let clients = uids.map((uid) => fixture.member(uid));
  let answered = 0;
  let damaged = 0;
  for (let round = 0; damaged < DAMAGED; round += 1) {
    // A damaged join may have put out another one.
    clients = clients.map((each, index) => (each.closed ? fixture.member(uids[index] ?? '') : each));
    const client = clients[Math.floor(random() * clients.length)];
    const text = texts[Math.floor(random() * texts.length)] ?? '';
    const said = random() < 0.2 ? text : mutateText(text, random);
    await client?.say(said);
    if (said !== text) damaged += 1;
    for (const each of clients) {
      answered += each.sent.length;
      if (round % 50 === 0) checkReplies(each);
      else each.take();
    }
    if (random() < 0.001) {
      for (const each of clients) each.drop();
      clients = uids.map((uid) => fixture.member(uid));
    }
    if (round % 1000 === 0) expect(fixture.calls.counts.users).toBeLessThanOrEqual(1000);
  }
  expect(answered).toBeGreaterThan(DAMAGED / 2);
  expect(outsider.take()).toEqual([]);
  expect(outsider.ask({ cmd: 'keepLive' })).toMatchObject({ result: 0 });
  fixture.calls.close();
  const { sessions, subsessions } = fixture.records;
  expect([...sessions.values()].filter(({ leftAt }) => leftAt === undefined)).toEqual([]);
  expect([...subsessions.values()].filter(({ finishedAt }) => finishedAt === undefined)).toEqual([]);
  for (const { sessionId } of subsessions.values()) expect(sessions.has(sessionId)).toBe(true);
}, 120_000);

test('100 joins of one uid by one WebSocket and by 100', () => {
  const watcher = fixture.member('watcher');
  const one = fixture.connect();
  for (let count = 0; count < 100; count += 1) void one.say(joinOf('a'));
  expect(one.take().every(({ cmd, result }) => cmd === 'respJoin' && result === 0)).toBe(true);
  const many = Array.from({ length: 100 }, () => fixture.member('a'));
  expect(many.filter(({ closed }) => !closed)).toHaveLength(1);
  expect(one.closed).toBe(true);
  expect(fixture.calls.counts).toMatchObject({ rooms: 1, users: 2, pairs: 1 });
  const told = watcher.take().map(({ cmd }) => cmd);
  expect(told.filter((cmd) => cmd === 'notifyNewPeer')).toHaveLength(200);
  expect(told.filter((cmd) => cmd === 'relayLeave')).toHaveLength(199);
  const running = [...fixture.records.sessions.values()].filter(({ leftAt }) => leftAt === undefined);
  expect(running.map(({ userId }) => userId)).toEqual(['watcher', 'a']);
});

describe('names', () => {
  test('control characters and 10 kB: taken out and cut, in names; refused, in ids', () => {
    const a = fixture.member('a');
    a.take();
    const b = fixture.connect();
    const uname = `\u0000\u001b[31m\u202eBob${'x'.repeat(10_000)}`;
    expect(b.ask(joinOf('b', { uname }))).toMatchObject({ result: 0, uname: `[31mBob${'x'.repeat(57)}` });
    expect(a.take()).toMatchObject([{ cmd: 'notifyNewPeer', uname: `[31mBob${'x'.repeat(57)}` }]);
    for (const field of ['appId', 'roomId', 'uid']) {
      expect(b.ask(joinOf('b', { [field]: 'x'.repeat(65) }))).toMatchObject({ cmd: 'generalMsgResp', result: 3 });
      expect(b.ask(joinOf('b', { [field]: 'a\nb' }))).toMatchObject({ cmd: 'generalMsgResp', result: 3 });
    }
  });

  test('SQL, HTML and names of objects are names', () => {
    const names = [
      "Robert'); DROP TABLE rtc_talk_sessions;--",
      '<img src=x onerror=alert(1)>',
      '__proto__',
      'constructor',
    ];
    const clients = names.map((uid) => fixture.member(uid, {}, { roomId: uid, uname: uid }));
    expect(clients.map((client) => client.take()[0])).toMatchObject(
      names.map((uid) => ({ result: 0, roomId: uid, uid, uname: uid, userList: null })),
    );
    expect(fixture.calls.rooms(10).map(({ roomId }) => roomId)).toEqual(names);
    for (const uid of names) expect(fixture.records.sessionOf(uid)).toMatchObject({ userName: uid, roomId: uid });
  });

  test('numbers are taken for texts', () => {
    const a = fixture.connect();
    expect(a.ask(joinOf('', { uid: 7, roomId: 8, appId: 9, time: 1, talkType: '2' }))).toMatchObject({
      uid: '7',
      roomId: '8',
    });
    expect(a.ask({ cmd: 'keepLive', appId: 9, roomId: 8, uid: 7 })).toMatchObject({ result: 0 });
  });
});
