import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  openCallFixture,
  RTC_CONFIG,
  type CallFixture,
  type FakeClient,
  type Message,
} from '../../../test/support/room-server.ts';

/** The messages of seed 002 §6 as the document has them; only the SDP is cut short. */
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const SDP = 'v=0\r\no=- 412018014342451671 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
const OFFER_MSG = JSON.stringify({ type: 'offer', sdp: SDP });
const ANSWER_MSG = JSON.stringify({ type: 'answer', sdp: SDP });
const CANDIDATE_MSG =
  '{"candidate":"candidate:3789381465 1 udp 2122260223 192.168.154.1 53202 typ host generation 0 ufrag oNUL network-id 3","sdpMid":"audio","sdpMLineIndex":0,"usernameFragment":"oNUL"}';
/** §11: the form that Android and the web exchange. */
const CANDIDATE_OF_ANDROID =
  '{"type":"candidate","label":0,"id":"audio","candidate":"candidate:3789381465 1 udp 2122260223 192.168.154.1 51696 typ host generation 0 ufrag f0vA network-id 3"}';

const join = (uid: string, uname: string): Message => ({
  cmd: 'join',
  appId: '10000',
  token: 'xa3f3fsaf',
  roomId: '22',
  roomName: 'talk-now',
  uid,
  uname,
  userType: 0,
  talkType: 1,
  time: '1560138845',
  osName: 'Win32',
  browser: 'chrome58.0',
  sdkInfo: '1.0.0',
});

let fixture: CallFixture;
/** uid 524965486, in the room since before. */
let first: FakeClient;
/** uid 974825066, came second. */
let second: FakeClient;

beforeEach(() => {
  fixture = openCallFixture({ capacity: 3 });
  first = fixture.connect();
  second = fixture.connect();
});
afterEach(() => fixture.calls.close());

function meet(): void {
  void first.say(join('524965486', 'client_535'));
  void second.say(join('974825066', 'client_183'));
  first.take();
  second.take();
}

describe('§6.1 to §6.3: join', () => {
  test('6.2.1: the room was empty', () => {
    expect(first.ask(join('386082043', 'client_216'))).toEqual({
      cmd: 'respJoin',
      result: 0,
      desc: 'ok',
      roomId: '22',
      roomName: 'talk-now',
      uid: '386082043',
      uname: 'client_216',
      sessionId: expect.stringMatching(ULID) as string,
      reportStatsInterval: 15,
      userList: null,
    });
  });

  test('6.2.2 and 6.3: somebody is there, and is told', () => {
    void first.say(join('524965486', 'client_535'));
    first.take();
    expect(second.ask(join('974825066', 'client_183'))).toEqual({
      cmd: 'respJoin',
      result: 0,
      desc: 'ok',
      roomId: '22',
      roomName: 'talk-now',
      uid: '974825066',
      uname: 'client_183',
      sessionId: expect.stringMatching(ULID) as string,
      reportStatsInterval: 15,
      userList: [{ appId: '10000', uid: '524965486', uname: 'client_535', userType: 0, talkType: 1 }],
    });
    expect(first.take()).toEqual([
      { cmd: 'notifyNewPeer', uid: '974825066', uname: 'client_183', userType: 0, talkType: 1, rtcConfig: RTC_CONFIG },
    ]);
  });

  test('6.2.3: the room is full', () => {
    for (const uid of ['1', '2', '3']) void fixture.connect().say(join(uid, `client_${uid}`));
    expect(first.ask(join('075640288', 'client_178'))).toEqual({
      cmd: 'respJoin',
      result: 1,
      desc: 'room is full, it up to max number:3',
      roomId: '22',
      roomName: 'talk-now',
      uid: '075640288',
      uname: 'client_178',
      sessionId: '',
      reportStatsInterval: 15,
      userList: null,
    });
  });

  test('6.1: room, user and name are given where they are missing', () => {
    const { roomId, uid, uname } = first.ask({ cmd: 'join', appId: '10000', userType: 0, talkType: 1 });
    expect({ roomId, uid, uname }).toEqual({
      roomId: expect.stringMatching(/^\d{9}$/) as string,
      uid: expect.stringMatching(/^\d{9}$/) as string,
      uname: expect.stringMatching(/^client_\d{1,3}$/) as string,
    });
  });
});

interface Exchange {
  readonly name: string;
  /** From 974825066. */
  readonly message: Message;
  /** To 974825066. */
  readonly answers: readonly Message[];
  /** To 524965486. */
  readonly relayed: readonly Message[];
}

const own = { appId: '10000', sessionId: '01DD05S7VYTS6J7QF64E4TW0RH', roomId: '22', uid: '974825066' };
const uname = 'client_183';
const remoteUid = '524965486';
const done = { uid: '974825066', uname, remoteUid, result: 0, desc: 'ok' };
const ulid = expect.stringMatching(ULID) as string;

const EXCHANGES: readonly Exchange[] = [
  {
    name: '6.4 to 6.6 leave',
    message: { cmd: 'leave', ...own, uname, userType: 0, time: '1560152982' },
    answers: [{ cmd: 'respLeave', result: 0, desc: 'ok', uid: '974825066', uname, userType: 0 }],
    relayed: [
      {
        protocol: 'relay',
        cmd: 'relayLeave',
        appId: '10000',
        sessionId: ulid,
        gate: 0,
        roomId: '22',
        uid: '974825066',
        uname,
        userType: 0,
        time: expect.stringMatching(/^\d{13}$/) as string,
      },
    ],
  },
  {
    name: '6.7 to 6.9 offer, and the original Android client, which reads isIceReset of each that it gets',
    message: { cmd: 'offer', ...own, roomName: 'talk-now', uname, remoteUid, time: '1560152983', msg: OFFER_MSG },
    answers: [{ cmd: 'respOffer', ...done, subSessionId: ulid }],
    relayed: [
      {
        cmd: 'relayOffer',
        uid: '974825066',
        uname,
        remoteUid,
        subSessionId: ulid,
        isIceReset: false,
        msg: OFFER_MSG,
        rtcConfig: RTC_CONFIG,
      },
    ],
  },
  {
    name: '6.7 offer of the original client, which restarts ICE',
    message: { cmd: 'offer', ...own, uname, remoteUid, isIceReset: true, time: '1560152983', msg: OFFER_MSG },
    answers: [{ cmd: 'respOffer', ...done, subSessionId: ulid }],
    relayed: [
      {
        cmd: 'relayOffer',
        uid: '974825066',
        uname,
        remoteUid,
        subSessionId: ulid,
        isIceReset: true,
        msg: OFFER_MSG,
        rtcConfig: RTC_CONFIG,
      },
    ],
  },
  {
    name: '6.10 to 6.12 answer, with the appld of the example',
    message: {
      cmd: 'answer',
      ...own,
      appId: undefined,
      appld: '10000',
      roomName: 'talk-now',
      uname,
      remoteUid,
      time: '1560152984',
      msg: ANSWER_MSG,
    },
    answers: [{ cmd: 'respAnswer', ...done }],
    relayed: [{ cmd: 'relayAnswer', connectType: 0, uid: '974825066', uname, remoteUid, msg: ANSWER_MSG }],
  },
  {
    name: '6.13 to 6.15 candidate',
    message: { cmd: 'candidate', ...own, roomName: 'talk-now', remoteUid, time: '1560152984', msg: CANDIDATE_MSG },
    answers: [],
    relayed: [{ cmd: 'relayCandidate', uid: '974825066', uname, remoteUid, msg: CANDIDATE_MSG }],
  },
  {
    name: '11 candidate in the form of Android',
    message: { cmd: 'candidate', ...own, remoteUid, time: '1560152984', msg: CANDIDATE_OF_ANDROID },
    answers: [],
    relayed: [{ cmd: 'relayCandidate', uid: '974825066', uname, remoteUid, msg: CANDIDATE_OF_ANDROID }],
  },
  {
    name: '6.13 candidate as an object (msg is an interface{})',
    message: { cmd: 'candidate', ...own, remoteUid, time: 1_560_152_984, msg: { candidate: 'x', sdpMid: 'audio' } },
    answers: [],
    relayed: [{ cmd: 'relayCandidate', uid: '974825066', uname, remoteUid, msg: { candidate: 'x', sdpMid: 'audio' } }],
  },
  {
    name: '6.16 and 6.17 keepLive',
    message: { cmd: 'keepLive', ...own, time: '1560152985' },
    answers: [{ cmd: 'respKeepLive', result: 0, desc: 'ok' }],
    relayed: [],
  },
  {
    name: '6.18 to 6.20 turnTalkType',
    message: { cmd: 'turnTalkType', ...own, uname, index: 1, enable: true, time: '1560157482' },
    answers: [{ cmd: 'respTurnTalkType', uid: '974825066', result: 0, desc: 'ok' }],
    relayed: [{ cmd: 'relayTurnTalkType', uid: '974825066', uname, index: 1, enable: true }],
  },
  {
    name: '6.21 and 6.22 peerConnected',
    message: { cmd: 'peerConnected', ...own, connectType: 'TURN', roomName: 'talk-now', remoteUid, time: '1560152953' },
    answers: [{ cmd: 'respPeerConnected', ...done }],
    relayed: [],
  },
  {
    name: '6.23 reportInfo',
    message: {
      cmd: 'reportInfo',
      ...own,
      uname,
      result: 9,
      desc: 'ice server invalid, please report to the 0voice technology',
      data1: JSON.stringify(RTC_CONFIG),
      data2: null,
      time: '1560152970',
    },
    answers: [],
    relayed: [],
  },
  {
    name: '6.28 updateToken',
    message: {
      protocol: 'req',
      cmd: 'updateToken',
      appId: '10000',
      gate: 0,
      token: '01234567890123456789012345678901',
      roomId: '22',
      uid: '974825066',
      time: '1456449001000',
    },
    answers: [{ cmd: 'respUpdateToken', result: 0, desc: 'ok', appId: '10000', roomId: '22', uid: '974825066' }],
    relayed: [],
  },
];

describe('§6.4 to §6.28: two users', () => {
  test.each(EXCHANGES)('$name', async ({ message, answers, relayed }) => {
    meet();
    await second.say(message);
    expect(second.take()).toEqual(answers);
    expect(first.take()).toEqual(relayed);
  });

  test('6.8 and 6.9: each end gets its own subsession', () => {
    meet();
    const { subSessionId: mine } = second.ask({ cmd: 'offer', ...own, remoteUid, msg: OFFER_MSG });
    const [{ subSessionId: theirs } = {}] = first.take();
    expect(mine).not.toBe(theirs);
    void first.say({ cmd: 'answer', roomId: '22', uid: remoteUid, remoteUid: own.uid, msg: ANSWER_MSG });
    expect(fixture.records.pair('974825066', '524965486')?.subSessionId).toBe(mine);
    expect(fixture.records.pair('524965486', '974825066')?.subSessionId).toBe(theirs);
  });
});

/** §6.24, the document's example with its spellings, and the form of the original's client. */
const STATS = {
  audio: { send: { packetsLostRate: '0.01', bitRate: 39 }, recv: { packetsLostRate: '0.02', bitRate: 40 } },
  video: {
    send: { frameRateSent: 30, width: 640, height: 480, codecName: 'VP8', packetsLostRate: '0.03', bitRate: 604 },
    recv: { frameRateRecv: 29, width: 640, height: 480, codecName: 'VP8', packetsLostRate: '0.04', bitRate: 607 },
  },
  time: '1560153017',
};

describe('§6.24: quality', () => {
  test.each([
    { name: 'the example', message: { cmd: 'reportStats', appld: '10000', remotelId: remoteUid } },
    { name: 'the table', message: { cmd: 'reportStats', appId: '10000', remoteId: remoteUid } },
    { name: 'the heading', message: { cmd: 'reportInfo', appId: '10000', remoteId: remoteUid } },
    { name: 'the original client', message: { cmd: 'reportStats', appId: '10000', remoteUid } },
    { name: 'the subsession alone', message: { cmd: 'reportStats', appId: '10000', bySubSession: true } },
  ])('$name', ({ message }) => {
    meet();
    const { subSessionId } = second.ask({ cmd: 'offer', ...own, remoteUid, msg: OFFER_MSG });
    const sub = 'bySubSession' in message ? { subSessionId } : { subSessionId: '01DD05THTB0E3509ESSPSFPRF3' };
    void second.say({ ...message, ...sub, roomId: '22', uid: '974825066', ...STATS });
    expect(second.take()).toEqual([]);
    expect(fixture.records.quality).toEqual([
      {
        subSessionId,
        remoteUserId: remoteUid,
        createdAt: expect.any(Number) as number,
        audio: { sendLostRate: 0.01, sendBitrate: 39, receiveLostRate: 0.02, receiveBitrate: 40 },
        video: { sendLostRate: 0.03, sendBitrate: 604, receiveLostRate: 0.04, receiveBitrate: 607 },
        sendWidth: 640,
        sendHeight: 480,
        sendFrameRate: 30,
        receiveFrameRate: 29,
      },
    ]);
  });
});

describe('§6.25 to §6.27: ICE servers over the WebSocket', () => {
  test.each([
    {
      cmd: 'iceRegister',
      ip: '129.204.197.215',
      iceType: 'turn',
      bundlePolicy: 'max-bundle',
      rtcpMuxPolicy: 'require',
      iceTransportPolicy: 'all',
      turnPort: 3478,
      stunPort: 3478,
      maxBandwidth: 100_000,
      username: 'lqf',
      credential: '123456',
    },
    { cmd: 'iceDeregister', ip: '129.204.197.215' },
    { cmd: 'iceReportRxTxRate', ip: '129.204.197.215', rxRate: 1200, txRate: 1300 },
  ])('$cmd', (message) => {
    expect(first.ask(message)).toEqual({
      cmd: 'generalMsgResp',
      result: 0,
      desc: 'successful',
      data1: message.cmd,
      data2: '129.204.197.215',
    });
    expect(fixture.ice.handled).toEqual([{ message, token: undefined }]);
  });

  test.each([
    ['ice_have_registered', 0],
    ['ice_full_loading', 8],
    ['ice_no_found', 9],
    ['ice_not_allowed', 14],
    ['ice_json_parse_falied', 3],
  ] as const)('%s is result %d', (answer, result) => {
    fixture.ice.answer = answer;
    expect(first.ask({ cmd: 'iceDeregister', ip: '10.0.0.1' })).toMatchObject({ result, desc: answer });
  });
});
