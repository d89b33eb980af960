import { describe, expect, test } from 'vitest';
import {
  formatCandidate,
  readCandidate,
  readDescription,
  readMessage,
  readRtcConfig,
  readUser,
  readUsers,
  talkTypeOf,
} from './call-message.ts';

const LINE = 'candidate:3789381465 1 udp 2122260223 192.168.154.1 51696 typ host generation 0 ufrag f0vA network-id 3';

describe('readCandidate', () => {
  test.each([
    {
      name: 'browser',
      msg: JSON.stringify({ candidate: LINE, sdpMid: 'audio', sdpMLineIndex: 0, usernameFragment: 'f0vA' }),
      read: { candidate: LINE, sdpMid: 'audio', sdpMLineIndex: 0, usernameFragment: 'f0vA' },
    },
    {
      name: 'Android (seed 002 §11)',
      msg: JSON.stringify({ type: 'candidate', label: 0, id: 'audio', candidate: LINE }),
      read: { candidate: LINE, sdpMid: 'audio', sdpMLineIndex: 0 },
    },
    {
      name: 'an object instead of a text',
      msg: { candidate: LINE, sdpMLineIndex: 1 },
      read: { candidate: LINE, sdpMid: null, sdpMLineIndex: 1 },
    },
    { name: 'no line', msg: { candidate: LINE, id: '1' }, read: { candidate: LINE, sdpMid: '1', sdpMLineIndex: null } },
    { name: 'neither', msg: { candidate: LINE }, read: { candidate: LINE, sdpMid: null, sdpMLineIndex: 0 } },
    { name: 'no JSON', msg: '{', read: undefined },
    { name: 'wrong type', msg: '{"candidate":7}', read: undefined },
    { name: 'nothing', msg: undefined, read: undefined },
  ])('$name', ({ msg, read }) => expect(readCandidate(msg)).toEqual(read));

  test('what we send is found by browsers and by apps', () => {
    const own = { candidate: LINE, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'f0vA' };
    expect(readCandidate(formatCandidate(own))).toEqual(own);
    expect(JSON.parse(formatCandidate(own))).toMatchObject({ type: 'candidate', label: 0, id: '0', candidate: LINE });
  });
});

test.each([
  { msg: '{"type":"offer","sdp":"v=0\\r\\n"}', read: { type: 'offer', sdp: 'v=0\r\n' } },
  { msg: { sdp: 'v=0\r\n' }, read: { type: 'offer', sdp: 'v=0\r\n' } },
  { msg: '{"sdp":1}', read: undefined },
  { msg: 'v=0', read: undefined },
  { msg: null, read: undefined },
])('readDescription $msg', ({ msg, read }) => expect(readDescription(msg, 'offer')).toEqual(read));

describe('readRtcConfig', () => {
  test('the example of seed 002 §6.3', () => {
    const config = {
      bundlePolicy: 'max-bundle',
      iceServers: [
        { credential: '123456', urls: ['turn:129.204.197.215:3478?transport=udp'], username: 'lqf' },
        { credential: '', urls: ['stun:129.204.197.215:3478'], username: '' },
      ],
      iceTransportPolicy: 'all',
      rtcpMuxPolicy: 'require',
    };
    expect(readRtcConfig(config)).toEqual({
      bundlePolicy: 'max-bundle',
      iceServers: [
        { credential: '123456', urls: ['turn:129.204.197.215:3478?transport=udp'], username: 'lqf' },
        { urls: ['stun:129.204.197.215:3478'] },
      ],
      iceTransportPolicy: 'all',
    });
  });
  test.each([
    { value: undefined, read: {} },
    { value: 'all', read: {} },
    { value: { iceServers: 'x', bundlePolicy: 'wide' }, read: { iceServers: [], iceTransportPolicy: 'all' } },
    {
      value: { iceServers: [{ urls: 'stun:a' }, { urls: [] }, 7, { urls: [7] }], iceTransportPolicy: 'relay' },
      read: { iceServers: [{ urls: ['stun:a'] }], iceTransportPolicy: 'relay' },
    },
  ])('$value', ({ value, read }) => expect(readRtcConfig(value)).toEqual(read));
});

test.each([
  { value: '{"cmd":"respJoin","result":0}', read: { cmd: 'respJoin', result: 0 } },
  { value: '{"cmd":1}', read: undefined },
  { value: 'null', read: undefined },
  { value: '{', read: undefined },
  { value: new ArrayBuffer(1), read: undefined },
])('readMessage $value', ({ value, read }) => expect(readMessage(value)).toEqual(read));

test('users: what is missing has defaults, what has no uid is nobody', () => {
  expect(readUser({ uid: 1, talkType: '?' })).toEqual({ uid: '1', uname: '1', userType: 0, talkType: 1 });
  expect(readUsers([{ uid: 'a', uname: 'Ann', userType: 1, talkType: 0 }, {}, 7])).toEqual([
    { uid: 'a', uname: 'Ann', userType: 1, talkType: 0 },
  ]);
  expect(readUsers(null)).toEqual([]);
});

test.each([
  [true, true, 1],
  [true, false, 0],
  [false, true, 2],
  [false, false, 3],
])('sound %s, picture %s: talkType %s', (audio, video, talkType) => expect(talkTypeOf(audio, video)).toBe(talkType));
