import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  joinOf,
  openCallFixture,
  RTC_CONFIG,
  type CallFixture,
  type FakeClient,
} from '../../../test/support/room-server.ts';
import type { RoomClaims } from '../rights-types.ts';
import { ulid } from './ids.ts';

const START = Date.UTC(2026, 10, 28, 12);
const UID_NOT_FOUND = "can't find the designated uid, it may leave the room halfway";

let fixture: CallFixture;

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(START);
  fixture = openCallFixture();
});
afterEach(() => {
  fixture.calls.close();
  vi.useRealTimers();
});

function reopen(...parameters: Parameters<typeof openCallFixture>): void {
  fixture.calls.close();
  fixture = openCallFixture(...parameters);
}

describe('results', () => {
  const offer = { cmd: 'offer', appId: '10000', roomId: '22', uid: 'a', remoteUid: 'b', msg: 'sdp' };

  test.each([
    { name: '3: no JSON', message: 'hello', answer: { cmd: 'generalMsgResp', result: 3 } },
    { name: '3: no object', message: '[]', answer: { cmd: 'generalMsgResp', result: 3 } },
    { name: '3: no cmd', message: '{}', answer: { cmd: 'generalMsgResp', result: 3 } },
    {
      name: '3: no such cmd',
      message: { cmd: 'toString' },
      answer: { cmd: 'generalMsgResp', result: 3, data1: 'toString' },
    },
    {
      name: '3: no msg',
      message: { ...offer, msg: undefined },
      answer: { cmd: 'generalMsgResp', result: 3, data1: 'offer' },
    },
    {
      name: '3: index out of range',
      message: { cmd: 'turnTalkType', index: 4, enable: true },
      answer: { cmd: 'generalMsgResp', result: 3, data1: 'turnTalkType' },
    },
    {
      name: '2: offer in the name of another',
      message: { ...offer, uid: 'b', remoteUid: 'a' },
      answer: { cmd: 'respOffer', result: 2, desc: UID_NOT_FOUND, remoteUid: 'a', subSessionId: '' },
    },
    {
      name: '2: answer in the name of another',
      message: { ...offer, cmd: 'answer', uid: 'b' },
      answer: { cmd: 'respAnswer', result: 2, desc: UID_NOT_FOUND },
    },
    {
      name: '2: another room of the app',
      message: { ...offer, roomId: '23' },
      answer: { cmd: 'respOffer', result: 2 },
    },
    { name: '5: no such room', message: { ...offer, roomId: '99' }, answer: { cmd: 'generalMsgResp', result: 5 } },
    {
      name: '5: a room of another app',
      message: { ...offer, appId: '2' },
      answer: { cmd: 'generalMsgResp', result: 5 },
    },
    {
      name: '6: offer to nobody',
      message: { ...offer, remoteUid: 'nobody' },
      answer: { cmd: 'respOffer', result: 6, remoteUid: 'nobody', subSessionId: '' },
    },
    { name: '6: offer to oneself', message: { ...offer, remoteUid: 'a' }, answer: { cmd: 'respOffer', result: 6 } },
    {
      name: '6: to somebody of another room',
      message: { ...offer, cmd: 'candidate', remoteUid: 'c' },
      answer: { cmd: 'respCandidate', result: 6 },
    },
    {
      name: '6: connected with nobody',
      message: { ...offer, cmd: 'peerConnected', remoteUid: 'nobody' },
      answer: { cmd: 'respPeerConnected', result: 6 },
    },
    {
      name: '2: with the session of another',
      message: { ...offer, sessionId: 'SESSION OF b' },
      answer: { cmd: 'respOffer', result: 2 },
    },
  ])('$name', ({ message, answer }) => {
    const a = fixture.member('a');
    const b = fixture.member('b');
    fixture.member('c', {}, { roomId: '23' });
    fixture.member('d', {}, { appId: '2', roomId: '24' });
    b.take();
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    expect(a.ask(text.replace('SESSION OF b', fixture.records.sessionOf('b').sessionId))).toMatchObject(answer);
    expect(b.take()).toEqual([]);
  });

  test.each([
    { name: 'messages', msg: 'x', kept: 100 },
    { name: 'characters', msg: 'x'.repeat(60_000), kept: 4 },
  ])('4: the other has lost its WebSocket and missed too many $name', ({ msg, kept }) => {
    const a = fixture.member('a');
    fixture.member('b').drop();
    for (let count = 0; count < kept; count += 1) {
      expect(a.ask({ ...offer, msg })).toMatchObject({ cmd: 'respOffer', result: 0 });
    }
    const broken = { result: 4, desc: 'websocket may be broken' };
    expect(a.ask({ ...offer, msg })).toMatchObject({ cmd: 'respOffer', ...broken });
    expect(a.ask({ ...offer, cmd: 'answer', msg: 'x' })).toMatchObject({ cmd: 'respAnswer', ...broken });
    expect(a.ask({ ...offer, cmd: 'candidate', msg: 'x' })).toMatchObject({ cmd: 'respCandidate', ...broken });
    expect(fixture.connect().ask(joinOf('b'))).toMatchObject({ result: 0 });
    expect(a.ask(offer)).toMatchObject({ cmd: 'respOffer', result: 0 });
  });

  test.each([
    { name: '8: the relays are full', iceIp: '10.0.0.1', result: 8 },
    { name: '9: no relay is running', iceIp: '', result: 9 },
  ])('$name, and nothing goes directly', ({ iceIp, result }) => {
    const a = fixture.member('a');
    a.take();
    fixture.ice.choice = { config: { ...RTC_CONFIG, iceTransportPolicy: 'relay' }, iceIp, relays: false };
    const b = fixture.connect();
    expect(b.ask(joinOf('b'))).toMatchObject({ cmd: 'respJoin', result, sessionId: '', userList: null });
    expect(a.take()).toEqual([]);
    expect(fixture.calls.counts).toMatchObject({ rooms: 1, users: 1 });
  });

  test('7: too much, or too many', () => {
    reopen({ maxUsers: 2 });
    const a = fixture.member('a');
    fixture.member('b');
    a.take();
    a.refuse('more than 200 messages per second');
    expect(a.take()).toMatchObject([{ cmd: 'generalMsgResp', result: 7, desc: 'more than 200 messages per second' }]);
    expect(fixture.connect().ask(joinOf('c'))).toMatchObject({ result: 7, desc: 'the server has 2 users, at most 2' });
    expect(fixture.connect().ask(joinOf('b'))).toMatchObject({ result: 0 });
  });

  test('before join: 5 where there is no room, 2 where there is', () => {
    const stranger = fixture.connect();
    for (const cmd of ['leave', 'offer', 'answer', 'candidate', 'keepLive', 'turnTalkType', 'peerConnected']) {
      expect(stranger.ask({ ...offer, cmd })).toMatchObject({ cmd: 'generalMsgResp', result: 5, data1: cmd });
    }
    fixture.member('a');
    expect(stranger.ask({ ...offer, cmd: 'keepLive' })).toMatchObject({ cmd: 'respKeepLive', result: 2 });
    expect(stranger.ask({ ...offer, cmd: 'leave' })).toMatchObject({ cmd: 'respLeave', result: 2 });
    expect(stranger.ask({ ...offer, cmd: 'reportStats' })).toMatchObject({ cmd: 'generalMsgResp', result: 2 });
  });
});

describe('records', () => {
  test('three users, two and two: begin, connect, duration, cost, end', () => {
    reopen({ costPerMinute: 7 });
    const a = fixture.member('a', { address: '192.0.2.1' });
    const b = fixture.member('b', { address: '192.0.2.2' });
    const c = fixture.member('c', { address: '192.0.2.3' }, { talkType: 0, osName: undefined, osInfo: 'Linux' });
    const { records } = fixture;
    expect(records.subsessions.size).toBe(0);

    vi.setSystemTime(START + 1000);
    void a.say({ cmd: 'offer', remoteUid: 'b', msg: 'x' });
    expect(records.pair('a', 'b')).toMatchObject({ status: -1, begunAt: START + 1000, connectedAt: undefined });
    expect(records.pair('b', 'a')).toBeUndefined();
    vi.setSystemTime(START + 2000);
    void b.say({ cmd: 'answer', remoteUid: 'a', msg: 'x' });
    void a.say({ cmd: 'offer', remoteUid: 'c', msg: 'x' });
    vi.setSystemTime(START + 3000);
    void a.say({ cmd: 'peerConnected', remoteUid: 'b', connectType: 'TURN' });
    void b.say({ cmd: 'peerConnected', remoteUid: 'a', connectType: 'STUN' });
    expect(fixture.calls.counts).toEqual({ rooms: 1, users: 3, pairs: 3, connectedPairs: 1 });
    expect(records.pair('a', 'b')).toMatchObject({ status: 0, connectType: 'TURN', connectedAt: START + 3000 });

    // ICE restarts; the call has begun and connected before.
    vi.setSystemTime(START + 30_000);
    void a.say({ cmd: 'offer', remoteUid: 'b', msg: 'y', isIceReset: true });
    void b.say({ cmd: 'answer', remoteUid: 'a', msg: 'y' });
    void a.say({ cmd: 'peerConnected', remoteUid: 'b', connectType: 'Unknown' });

    vi.setSystemTime(START + 3000 + 60_001);
    void b.say({ cmd: 'leave' });
    vi.setSystemTime(START + 100_000);
    fixture.calls.close();
    const [ab, ba, ac] = [records.pair('a', 'b'), records.pair('b', 'a'), records.pair('a', 'c')];
    expect(ab).toEqual({
      subSessionId: ab?.subSessionId,
      sessionId: records.sessionOf('a').sessionId,
      status: 1,
      remoteUserId: 'b',
      remoteUserName: 'client_b',
      remoteUserIp: '192.0.2.2',
      iceIp: '129.204.197.215',
      connectType: 'Unknown',
      begunAt: START + 1000,
      connectedAt: START + 3000,
      finishedAt: START + 63_001,
      cost: 14,
    });
    expect(ba).toMatchObject({
      sessionId: records.sessionOf('b').sessionId,
      status: 1,
      remoteUserIp: '192.0.2.1',
      connectType: 'STUN',
      begunAt: START + 2000,
      finishedAt: START + 63_001,
      cost: 14,
    });
    expect(ac).toMatchObject({ status: 2, connectedAt: undefined, finishedAt: START + 100_000, cost: 0 });
    expect(records.subsessions.size).toBe(3);
    expect(records.sessionOf('a')).toEqual({
      sessionId: records.sessionOf('a').sessionId,
      appId: '10000',
      roomId: '22',
      userId: 'a',
      userName: 'client_a',
      talkType: 1,
      userIp: '192.0.2.1',
      timedOut: false,
      createdAt: START,
      joinedAt: START,
      leftAt: START + 100_000,
      subSessionIds: [ab?.subSessionId, ac?.subSessionId],
      osName: 'Win32',
      browser: 'chrome58.0',
      sdkInfo: '1.0.0',
    });
    expect(records.sessionOf('b')).toMatchObject({ leftAt: START + 63_001, subSessionIds: [ba?.subSessionId] });
    expect(records.sessionOf('c')).toMatchObject({ leftAt: START + 100_000, subSessionIds: [], osName: 'Linux' });
    expect(c.take().map(({ cmd }) => cmd)).toEqual(['respJoin', 'relayOffer', 'relayLeave']);
  });

  test('a call of exactly a minute costs one', () => {
    reopen({ costPerMinute: 7 });
    const a = fixture.member('a');
    fixture.member('b');
    void a.say({ cmd: 'peerConnected', remoteUid: 'b', connectType: 'STUN' });
    vi.setSystemTime(START + 60_000);
    void a.say({ cmd: 'leave' });
    expect(fixture.records.pair('a', 'b')).toMatchObject({ begunAt: START, connectedAt: START, cost: 7 });
  });

  test('reports that come too fast, or of a pair that has not begun, are not kept', () => {
    const a = fixture.member('a');
    fixture.member('b');
    const report = { cmd: 'reportStats', remoteUid: 'b', video: { recv: { frameRateRecv: null, bitRate: -1 } } };
    void a.say(report);
    expect(fixture.records.quality).toHaveLength(0);
    void a.say({ cmd: 'offer', remoteUid: 'b', msg: 'x' });
    for (let count = 0; count < 100; count += 1) void a.say(report);
    expect(fixture.records.quality).toMatchObject([{ receiveFrameRate: 0, video: { receiveBitrate: 0 } }]);
    vi.setSystemTime(START + 1000);
    void a.say({ ...report, video: { recv: { packetsLostRate: 'NaN', bitRate: 1e300 } }, audio: { send: 'x' } });
    expect(fixture.records.quality).toHaveLength(2);
    expect(fixture.records.quality[1]?.video).toMatchObject({ receiveLostRate: 0, receiveBitrate: 10_000_000 });
  });

  test('the clock of a client is not believed', () => {
    fixture.member('a', {}, { time: '99999999999999999999' });
    fixture.member('b', {}, { time: -1 });
    fixture.member('c', {}, { time: 'yesterday' });
    for (const uid of ['a', 'b', 'c']) expect(fixture.records.sessionOf(uid)).toMatchObject({ joinedAt: START });
  });
});

describe('presence', () => {
  test('who does not join within 10 s is closed; trying does not help', () => {
    reopen({ capacity: 1 });
    fixture.member('a');
    const idle = fixture.connect();
    const late = fixture.connect();
    expect(late.ask(joinOf('b'))).toMatchObject({ result: 1 });
    vi.advanceTimersByTime(9999);
    expect(late.ask({ cmd: 'keepLive', uid: 'b' })).toMatchObject({ cmd: 'generalMsgResp', result: 5 });
    expect([idle.closed, late.closed]).toEqual([false, false]);
    vi.advanceTimersByTime(1);
    for (const client of [idle, late]) {
      expect(client.closedWith).toEqual({ code: 1000, reason: 'wsForcedClose' });
    }
  });

  test('who has joined stays, also after a leave, and who has come back for a session', () => {
    const a = fixture.member('a');
    const b = fixture.member('b');
    const { sessionId } = fixture.records.sessionOf('b');
    void a.say({ cmd: 'leave' });
    b.drop();
    const again = fixture.connect();
    void again.say({ cmd: 'keepLive', appId: '10000', roomId: '22', uid: 'b', sessionId });
    vi.advanceTimersByTime(30_000);
    expect([a.closed, again.closed]).toEqual([false, false]);
    expect(a.ask(joinOf('a'))).toMatchObject({ result: 0 });
  });

  test.each([
    { cmd: 'iceRegister', answer: 'successful', stays: true },
    { cmd: 'iceRegister', answer: 'ice_have_registered', stays: true },
    { cmd: 'iceReportRxTxRate', answer: 'successful', stays: true },
    { cmd: 'iceRegister', answer: 'ice_not_allowed', stays: false },
    { cmd: 'iceReportRxTxRate', answer: 'ice_no_found', stays: false },
    { cmd: 'iceDeregister', answer: 'successful', stays: false },
  ])('an ICE server stays without joining: $cmd, $answer: $stays', ({ cmd, answer, stays }) => {
    fixture.ice.answer = answer;
    const server = fixture.connect();
    void server.say({ cmd, ip: '192.0.2.7' });
    vi.advanceTimersByTime(60_000);
    expect(server.closed).toBe(!stays);
  });

  test('keepLive keeps; without it a user is put out, marked, and the others are told', () => {
    const a = fixture.member('a');
    const b = fixture.member('b');
    a.take();
    vi.advanceTimersByTime(30_000);
    void a.say({ cmd: 'keepLive', uid: 'a' });
    b.take();
    vi.advanceTimersByTime(9000);
    expect(b.closed).toBe(false);
    vi.advanceTimersByTime(3000);
    expect(b.take()).toMatchObject([{ cmd: 'systemKickUser', desc: 'no keepLive for 40 s' }]);
    expect(b.closedWith).toEqual({ code: 1000, reason: 'timeout' });
    expect(a.take()).toMatchObject([{ cmd: 'respKeepLive' }, { cmd: 'relayLeave', uid: 'b' }]);
    expect(fixture.records.sessionOf('b').timedOut).toBe(true);
    expect(fixture.records.sessionOf('b').leftAt).toBeGreaterThanOrEqual(START + 40_000);
    expect(fixture.records.sessionOf('b').leftAt).toBeLessThanOrEqual(START + 42_000);
    expect(fixture.records.sessionOf('a').leftAt).toBeUndefined();
  });

  test('a lost WebSocket is awaited; whoever knows the session goes on with what was missed', () => {
    const a = fixture.member('a');
    const b = fixture.member('b');
    const { sessionId } = fixture.records.sessionOf('b');
    b.drop();
    vi.advanceTimersByTime(20_000);
    void a.say({ cmd: 'keepLive' });
    fixture.member('c');
    a.take();
    const stranger = fixture.connect();
    expect(stranger.ask({ cmd: 'keepLive', appId: '10000', roomId: '22', uid: 'b' })).toMatchObject({ result: 2 });
    expect(stranger.ask({ cmd: 'keepLive', appId: '10000', roomId: '22', uid: 'x', sessionId })).toMatchObject({
      result: 2,
    });
    const again = fixture.connect();
    void again.say({ cmd: 'keepLive', appId: '10000', roomId: '22', uid: 'b', sessionId });
    expect(again.take()).toMatchObject([
      { cmd: 'notifyNewPeer', uid: 'c' },
      { cmd: 'respKeepLive', result: 0 },
    ]);
    expect(a.take()).toEqual([]);
    void a.say({ cmd: 'offer', remoteUid: 'b', msg: 'x' });
    expect(again.take()).toMatchObject([{ cmd: 'relayOffer', uid: 'a' }]);
    expect(fixture.records.sessions.size).toBe(3);
  });

  describe('a WebSocket that is lost without anybody having noticed', () => {
    const keepLive = { cmd: 'keepLive', appId: '10000', roomId: '22', uid: 'b' };
    let a: FakeClient;
    let old: FakeClient;
    let sessionId: string;

    beforeEach(() => {
      a = fixture.member('a');
      old = fixture.member('b', { address: '192.0.2.1' });
      ({ sessionId } = fixture.records.sessionOf('b'));
      vi.advanceTimersByTime(5000);
      void old.say(keepLive);
      a.take();
      old.take();
    });

    test('is replaced by the one that knows the session; the pair and the records go on', () => {
      void a.say({ cmd: 'peerConnected', remoteUid: 'b', connectType: 'STUN' });
      a.take();
      const pair = fixture.records.pair('a', 'b');
      vi.advanceTimersByTime(20_000);
      const again = fixture.connect({ address: '192.0.2.9' });
      expect(again.ask({ ...keepLive, sessionId })).toMatchObject({ cmd: 'respKeepLive', result: 0 });
      expect(old.take()).toMatchObject([{ cmd: 'systemKickUser', uid: 'b' }]);
      expect(old.closedWith).toEqual({ code: 1000, reason: 'wsForcedClose' });
      expect(a.take()).toEqual([]);
      void a.say({ cmd: 'candidate', remoteUid: 'b', msg: 'x' });
      expect(again.take()).toMatchObject([{ cmd: 'relayCandidate', uid: 'a' }]);
      expect(again.ask({ cmd: 'offer', remoteUid: 'a', msg: 'x' })).toMatchObject({ result: 0 });
      expect(fixture.ice.pairs.at(-1)?.addresses).toEqual(['192.0.2.9', '203.0.113.1']);
      expect(fixture.records.sessions.size).toBe(2);
      expect(fixture.records.sessionOf('b')).toMatchObject({ sessionId, leftAt: undefined });
      expect(fixture.records.pair('a', 'b')).toMatchObject({ ...pair, finishedAt: undefined });
    });

    test.each([
      { name: 'no session', changes: { sessionId: '' } },
      { name: 'a session that is none', changes: { sessionId: ulid() } },
      { name: 'a foreign uid', changes: { uid: 'a' } },
      { name: 'no uid', changes: { uid: '' } },
      { name: 'another room', changes: { roomId: '23' } },
      { name: 'another app', changes: { appId: '2', roomId: '24' } },
    ])('is not replaced by $name', ({ changes }) => {
      fixture.member('c', {}, { roomId: '23' });
      fixture.member('d', {}, { appId: '2', roomId: '24' });
      const foreign = fixture.connect();
      expect(foreign.ask({ ...keepLive, sessionId, ...changes })).toMatchObject({
        cmd: changes.appId === undefined ? 'respKeepLive' : 'generalMsgResp',
        result: changes.appId === undefined ? 2 : 5,
      });
      expect(old.closed).toBe(false);
      void a.say({ cmd: 'candidate', remoteUid: 'b', msg: 'x' });
      expect(old.take()).toMatchObject([{ cmd: 'relayCandidate', uid: 'a' }]);
      expect(foreign.take()).toEqual([]);
    });

    test('nor by somebody else in the room', () => {
      expect(a.ask({ ...keepLive, sessionId })).toMatchObject({ result: 2 });
      expect(a.ask({ ...keepLive, uid: 'a', sessionId })).toMatchObject({ result: 2 });
      expect(old.closed).toBe(false);
    });

    test('joins again where something may not have arrived', () => {
      void a.say({ cmd: 'turnTalkType', index: 0, enable: false });
      const again = fixture.connect();
      expect(again.ask({ ...keepLive, sessionId })).toMatchObject({ cmd: 'respKeepLive', result: 2 });
      expect(old.closed).toBe(false);
      expect(again.ask(joinOf('b'))).toMatchObject({ result: 0, userList: [{ uid: 'a' }] });
      expect(old.closedWith).toEqual({ code: 1000, reason: 'wsForcedClose' });
    });

    test.each([3000, 12_000])('joins again where it was noticed late, and something was sent after %d ms', (sentMs) => {
      vi.advanceTimersByTime(sentMs);
      void a.say({ cmd: 'turnTalkType', index: 0, enable: false });
      vi.advanceTimersByTime(12_000 - sentMs);
      old.drop();
      expect(fixture.connect().ask({ ...keepLive, sessionId })).toMatchObject({ cmd: 'respKeepLive', result: 2 });
    });

    test.each([{ noticed: true }, { noticed: false }])(
      'joins again where the next one is lost with what was missed, noticed: $noticed',
      ({ noticed }) => {
        old.drop();
        void a.say({ cmd: 'turnTalkType', index: 0, enable: false });
        vi.advanceTimersByTime(5000);
        const next = fixture.connect();
        void next.say({ ...keepLive, sessionId });
        expect(next.take()).toMatchObject([{ cmd: 'relayTurnTalkType' }, { cmd: 'respKeepLive', result: 0 }]);
        vi.advanceTimersByTime(1000);
        if (noticed) next.drop();
        expect(fixture.connect().ask({ ...keepLive, sessionId })).toMatchObject({ cmd: 'respKeepLive', result: 2 });
      },
    );

    test('goes on where a keepLive has come behind what was missed', () => {
      old.drop();
      void a.say({ cmd: 'turnTalkType', index: 0, enable: false });
      const next = fixture.connect();
      void next.say({ ...keepLive, sessionId });
      vi.advanceTimersByTime(5000);
      void next.say(keepLive);
      next.drop();
      expect(fixture.connect().ask({ ...keepLive, sessionId })).toMatchObject({ cmd: 'respKeepLive', result: 0 });
    });
  });

  test('offer, answer and candidates for a user that is awaited reach it when it is back, in their order', () => {
    const a = fixture.member('a');
    const b = fixture.member('b');
    const { sessionId } = fixture.records.sessionOf('b');
    b.drop();
    expect(a.ask({ cmd: 'offer', remoteUid: 'b', msg: 'o' })).toMatchObject({ cmd: 'respOffer', result: 0 });
    void a.say({ cmd: 'candidate', remoteUid: 'b', msg: 'c' });
    expect(a.ask({ cmd: 'answer', remoteUid: 'b', msg: 'a' })).toMatchObject({ cmd: 'respAnswer', result: 0 });
    const again = fixture.connect();
    void again.say({ cmd: 'keepLive', appId: '10000', roomId: '22', uid: 'b', sessionId });
    expect(again.take()).toMatchObject([
      { cmd: 'relayOffer', uid: 'a', msg: 'o' },
      { cmd: 'relayCandidate', msg: 'c' },
      { cmd: 'relayAnswer', msg: 'a' },
      { cmd: 'respKeepLive', result: 0 },
    ]);
  });

  test('who has missed too much must join again', () => {
    const a = fixture.member('a');
    const b = fixture.member('b');
    const { sessionId } = fixture.records.sessionOf('b');
    b.drop();
    for (let count = 0; count < 101; count += 1) void a.say({ cmd: 'turnTalkType', index: 0, enable: count % 2 === 0 });
    const again = fixture.connect();
    expect(again.ask({ cmd: 'keepLive', appId: '10000', roomId: '22', uid: 'b', sessionId })).toMatchObject({
      result: 2,
    });
    expect(again.ask(joinOf('b'))).toMatchObject({ result: 0, userList: [{ uid: 'a' }] });
  });

  test('a lost WebSocket that does not come back is put out', () => {
    const a = fixture.member('a');
    fixture.member('b').drop();
    vi.advanceTimersByTime(39_000);
    void a.say({ cmd: 'keepLive' });
    a.take();
    vi.advanceTimersByTime(3000);
    expect(a.take()).toMatchObject([{ cmd: 'relayLeave', uid: 'b' }]);
    expect(fixture.records.sessionOf('b')).toMatchObject({ timedOut: true });
    expect(fixture.calls.counts).toMatchObject({ users: 1, pairs: 0 });
  });

  test('the same uid from elsewhere replaces the connection, ends its pairs and tells it', () => {
    const a = fixture.member('a');
    const old = fixture.member('b');
    void old.say({ cmd: 'offer', remoteUid: 'a', msg: 'x' });
    a.take();
    old.take();
    const before = fixture.records.sessionOf('b');
    const again = fixture.member('b');
    expect(old.take()).toMatchObject([{ cmd: 'systemKickUser', appId: '10000', roomId: '22', uid: 'b' }]);
    expect(old.closedWith).toEqual({ code: 1000, reason: 'wsForcedClose' });
    expect(a.take()).toMatchObject([
      { cmd: 'relayLeave', uid: 'b' },
      { cmd: 'notifyNewPeer', uid: 'b' },
    ]);
    expect(fixture.records.sessions.get(before.sessionId)).toMatchObject({ leftAt: START, timedOut: false });
    expect(fixture.records.sessionOf('b').sessionId).not.toBe(before.sessionId);
    expect(again.take()).toMatchObject([{ cmd: 'respJoin', result: 0, userList: [{ uid: 'a' }] }]);
    expect(fixture.calls.counts).toMatchObject({ rooms: 1, users: 2, pairs: 1 });
  });

  test('one WebSocket is one user: joining another room leaves the first', () => {
    const a = fixture.member('a');
    const b = fixture.member('b');
    a.take();
    expect(b.ask(joinOf('b', { roomId: '23' }))).toMatchObject({ result: 0, userList: null });
    expect(a.take()).toMatchObject([{ cmd: 'relayLeave', uid: 'b' }]);
    expect(fixture.calls.rooms(10).map(({ roomId, users }) => [roomId, users.map(({ uid }) => uid)])).toEqual([
      ['22', ['a']],
      ['23', ['b']],
    ]);
    expect(fixture.calls.rooms(1)).toHaveLength(1);
  });

  test('a member keeps its room where the next one is full, and its seat while it changes its uid', () => {
    reopen({ capacity: 1 });
    const a = fixture.member('a');
    fixture.member('b', {}, { roomId: '23' });
    expect(a.ask(joinOf('a', { roomId: '23' }))).toMatchObject({ result: 1 });
    expect(a.ask({ cmd: 'keepLive', roomId: '22', uid: 'a' })).toMatchObject({ result: 0 });
    expect(a.ask(joinOf('a2'))).toMatchObject({ result: 0, uid: 'a2' });
    expect(fixture.calls.counts).toMatchObject({ rooms: 2, users: 2 });
  });

  test('the last one takes the room along', () => {
    const a = fixture.member('a');
    void a.say({ cmd: 'leave' });
    expect(fixture.calls.counts).toEqual({ rooms: 0, users: 0, pairs: 0, connectedPairs: 0 });
    expect(a.ask({ cmd: 'keepLive', appId: '10000', roomId: '22', uid: 'a' })).toMatchObject({ result: 5 });
    expect(a.ask(joinOf('a'))).toMatchObject({ result: 0 });
  });

  test('peerConnected tells the other what has been switched off since', () => {
    const a = fixture.member('a');
    void a.say({ cmd: 'turnTalkType', index: 0, enable: false });
    void a.say({ cmd: 'turnTalkType', index: 1, enable: true });
    void a.say({ cmd: 'turnTalkType', index: 2, enable: true });
    const b = fixture.member('b');
    b.take();
    void a.say({ cmd: 'peerConnected', remoteUid: 'b', connectType: 'STUN' });
    expect(b.take()).toEqual([
      { cmd: 'relayTurnTalkType', uid: 'a', uname: 'client_a', index: 0, enable: false },
      { cmd: 'relayTurnTalkType', uid: 'a', uname: 'client_a', index: 2, enable: true },
    ]);
  });

  test('closing ends all sessions once, and nobody joins any more', () => {
    fixture.member('a');
    fixture.member('b').drop();
    fixture.calls.close();
    fixture.calls.close();
    for (const uid of ['a', 'b']) {
      expect(fixture.records.sessionOf(uid)).toMatchObject({ leftAt: START, timedOut: false });
    }
    const late = fixture.connect();
    expect(late.ask(joinOf('c'))).toMatchObject({ result: 7 });
    late.drop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('ICE servers of a pair', () => {
  test('both ends get the same, chosen once; a later offer gets a fresh account', () => {
    const a = fixture.member('a', { address: '192.0.2.1' });
    const b = fixture.member('b', { address: '192.0.2.2' }, { talkType: 0 });
    expect(fixture.ice.pairs).toEqual([{ addresses: ['192.0.2.2', '192.0.2.1'], talkTypes: [0, 1], user: 'b' }]);
    void a.say({ cmd: 'offer', remoteUid: 'b', msg: 'x' });
    expect(fixture.ice.pairs).toHaveLength(1);
    vi.advanceTimersByTime(21_000);
    fixture.ice.choice = { ...fixture.ice.choice, iceIp: '10.0.0.2' };
    b.take();
    void a.say({ cmd: 'offer', remoteUid: 'b', msg: 'x' });
    expect(fixture.ice.pairs).toHaveLength(2);
    expect(b.take()).toMatchObject([{ cmd: 'relayOffer', rtcConfig: RTC_CONFIG }]);
    void b.say({ cmd: 'answer', remoteUid: 'a', msg: 'x' });
    expect(fixture.records.pair('b', 'a')).toMatchObject({ iceIp: '10.0.0.2' });
  });
});

describe('tokens', () => {
  const claims = (changes: Partial<RoomClaims> = {}): RoomClaims => ({
    app: '10000',
    room: '22',
    user: 'a',
    rights: ['join'],
    expiresAt: START + 100_000,
    ...changes,
  });

  beforeEach(() => reopen({}, true));

  test.each([
    { name: 'missing', token: '', result: 12, desc: 'token is invalid' },
    { name: 'invalid', token: 'x', result: 12, desc: 'token is invalid' },
    { name: 'expired', token: 'old', result: 13, desc: 'token is expire' },
    { name: 'another app', token: 'app', result: 14, desc: 'this token does not allow that' },
    { name: 'another room', token: 'room', result: 14, desc: 'this token does not allow that' },
    { name: 'another user', token: 'user', result: 14, desc: 'this token does not allow that' },
    { name: 'another right', token: 'right', result: 14, desc: 'this token does not allow that' },
  ])('$name: refused, then closed', async ({ name, token, result, desc }) => {
    const { tokens } = fixture.rights;
    tokens.set('old', 'expired');
    tokens.set('app', claims({ app: '2' }));
    tokens.set('room', claims({ room: '23' }));
    tokens.set('user', claims({ user: 'b' }));
    tokens.set('right', claims({ rights: ['publish'] }));
    const client = fixture.connect();
    await client.say(joinOf('a', { token }));
    const text = name === 'missing' ? 'a token is needed' : desc;
    expect(client.take()).toMatchObject([{ cmd: 'respJoin', result, desc: text, sessionId: '', userList: null }]);
    expect(client.closedWith).toEqual({ code: 1000, reason: 'wsForcedClose' });
    expect(fixture.calls.counts.users).toBe(0);
  });

  test('the token of the URL counts too; what the join leaves empty comes from the token', async () => {
    fixture.rights.tokens.set('good', claims());
    const client = fixture.connect({ token: 'good' });
    await client.say({ cmd: 'join', appId: '10000' });
    expect(client.take()).toMatchObject([{ result: 0, roomId: '22', uid: 'a' }]);
  });

  test('a WebSocket that is lost while the token is checked joins nobody', async () => {
    fixture.rights.tokens.set('good', claims());
    const client = fixture.connect();
    const joining = client.say(joinOf('a', { token: 'good' }));
    client.drop();
    await joining;
    expect(fixture.calls.counts.users).toBe(0);
  });

  test('expiry is warned of once, renewed, and then enforced', async () => {
    fixture.rights.tokens.set('good', claims());
    fixture.rights.tokens.set('next', claims({ expiresAt: START + 200_000 }));
    const client = fixture.connect();
    await client.say(joinOf('a', { token: 'good' }));
    const live = (ms: number): void => {
      for (let passed = 0; passed < ms; passed += 5000) {
        vi.advanceTimersByTime(5000);
        void client.say({ cmd: 'keepLive' });
      }
    };
    const heard = () => client.take().filter(({ cmd }) => cmd !== 'respKeepLive');
    heard();
    live(35_000);
    expect(heard()).toEqual([]);
    live(20_000);
    expect(heard()).toEqual([
      {
        protocol: 'req',
        cmd: 'systemPromptToken',
        appId: '10000',
        roomId: '22',
        uid: 'a',
        desc: expect.stringMatching(/^token expires in (60|59) s$/) as string,
      },
    ]);
    await client.say({ cmd: 'updateToken', token: 'x', uid: 'a' });
    expect(heard()).toMatchObject([{ cmd: 'respUpdateToken', result: 12 }]);
    await client.say({ cmd: 'updateToken', token: 'next', uid: 'a' });
    expect(heard()).toMatchObject([{ cmd: 'respUpdateToken', result: 0, desc: 'ok' }]);
    live(60_000);
    expect(client.closed).toBe(false);
    live(90_000);
    expect(client.take().filter(({ cmd }) => cmd !== 'respKeepLive')).toMatchObject([
      { cmd: 'systemPromptToken' },
      { cmd: 'systemKickUser', appId: '10000', desc: 'token is expire' },
    ]);
    expect(client.closedWith).toEqual({ code: 1000, reason: 'wsForcedClose' });
    expect(fixture.records.sessionOf('a')).toMatchObject({ timedOut: false });
    expect(fixture.records.sessionOf('a').leftAt).toBeGreaterThanOrEqual(START + 200_000);
  });
});

describe('apps', () => {
  const apps = [
    { appId: '10000', domains: ['example.org'] },
    { appId: '2', domains: [] },
  ];

  test.each([
    { name: 'unknown app', appId: '3', origin: undefined, result: 14 },
    { name: 'foreign page', appId: '10000', origin: 'https://badexample.org', result: 14 },
    { name: 'own page', appId: '10000', origin: 'https://www.example.org', result: 0 },
    { name: 'no page', appId: '10000', origin: undefined, result: 0 },
    { name: 'any page', appId: '2', origin: 'https://badexample.org', result: 0 },
  ])('join: $name is result $result', ({ appId, origin, result }) => {
    reopen({ apps });
    const client = fixture.connect(origin === undefined ? {} : { origin });
    expect(client.ask(joinOf('a', { appId }))).toMatchObject({ cmd: 'respJoin', result });
    expect(client.closed).toBe(result !== 0);
  });

  test('the same room and uid in two apps are two', () => {
    const a = fixture.member('a');
    const b = fixture.member('b', {}, { appId: '2' });
    expect(a.take()).toMatchObject([{ userList: null }]);
    expect(b.take()).toMatchObject([{ userList: null }]);
    expect(a.ask({ cmd: 'offer', appId: '2', roomId: '22', remoteUid: 'b', msg: 'x' })).toMatchObject({ result: 5 });
    expect(a.ask({ cmd: 'offer', remoteUid: 'b', msg: 'x' })).toMatchObject({ result: 6 });
  });
});

test('ids are ULIDs that sort by time and repeat not', () => {
  expect(ulid(0)).toMatch(/^0{10}[0-9A-HJKMNP-TV-Z]{16}$/);
  // The ULID specification's own example of a time.
  expect(ulid(1_469_918_176_385).slice(0, 10)).toBe('01ARYZ6S41');
  expect(new Set(Array.from({ length: 1000 }, () => ulid())).size).toBe(1000);
});
