import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakePeer } from '../../../test/support/fake-peer.ts';
import { FakeStreams } from '../../../test/support/fake-streams.ts';
import { openMeetings } from '../../../test/support/meetings-fixture.ts';
import type { Meetings } from './types.ts';

interface Said {
  readonly err?: number;
  readonly err_msg?: string;
  readonly session: string;
  readonly data: Record<string, unknown>;
}

let meetings: Meetings;
beforeEach(() => {
  meetings = openMeetings(new FakeStreams());
});
afterEach(() => meetings.close());

const STREAM = {
  type: 'camera',
  stream_id: 'a-cam',
  has_video: true,
  has_audio: true,
  audio_codec: 'opus',
  video_codec: 'vp8',
};
const SERVERS = {
  wss: '',
  ws: 'ws://meet.test:8889/',
  https: '',
  http: 'http://meet.test:8889/',
  rtsp: 'rtsp://meet.test:8554/',
};

/** As the document has it; cseq told apart to see the echo. */
const request = (method: string, session: string, data: unknown, cseq = 0): string =>
  JSON.stringify({ version: 0, cseq, method, session, data });

async function ask(peer: FakePeer, text: string): Promise<Said> {
  await peer.say(text);
  return peer.take<Said>().at(-1) as Said;
}

/** A member of app1/room1; returns its session, too. */
async function join(endpoint: string, data: Record<string, unknown> = {}): Promise<[FakePeer, string]> {
  const peer = new FakePeer(meetings.protocol, { host: 'meet.test:8890' });
  const reply = await ask(
    peer,
    request('channel.join', '', { app: 'app1', channel: 'room1', endpoint, role: 'normal', ...data }),
  );
  expect(reply.err).toBe(0);
  return [peer, reply.session];
}

describe('requests of seed 004 §1', () => {
  test('1.1 channel.join, session at top level and in data', async () => {
    const peer = new FakePeer(meetings.protocol, { host: 'meet.test:8890' });
    const data = { app: 'xxx', channel: 'xxx', endpoint: 'xxx', role: 'normal' };
    const reply = await ask(peer, request('channel.join', '', data, 7));
    expect(reply).toEqual({
      version: 0,
      cseq: 7,
      method: 'channel.join',
      err: 0,
      err_msg: 'OK',
      session: expect.stringMatching(/^[\w-]{20,}$/),
      data: { session: reply.session, media_server: SERVERS },
    });
  });

  test.each<[name: string, method: string, data: unknown, more: Record<string, unknown>]>([
    ['1.2 channel.leave', 'channel.leave', {}, {}],
    ['1.2 channel.leave without data', 'channel.leave', undefined, {}],
    ['1.3 stream.add', 'stream.add', { stream: STREAM }, {}],
    ['1.5 channel.dump', 'channel.dump', {}, { endpoint_list: [{ endpoint: 'a', device: 'd1', role: 'normal' }] }],
    ['1.6 media_server.dump', 'media_server.dump', { protocol: 'webrtc' }, { media_server: SERVERS }],
    ['1.7 broadcast', 'broadcast', { text: 'hello', n: [1, { deep: null }] }, {}],
  ])('%s', async (_name, method, data, more) => {
    const [peer, session] = await join('a', { device: 'd1' });
    expect(await ask(peer, request(method, session, data, 41))).toEqual({
      version: 0,
      cseq: 41,
      method,
      err: 0,
      err_msg: 'OK',
      session,
      data: { session, ...more },
    });
  });

  test('1.4 stream.delete', async () => {
    const [peer, session] = await join('a');
    await ask(peer, request('stream.add', session, { stream: STREAM }));
    const reply = await ask(peer, request('stream.delete', session, { stream_id: 'a-cam' }, 3));
    expect(reply).toMatchObject({ version: 0, cseq: 3, err: 0, session, data: { session } });
    expect(await ask(peer, request('stream.delete', session, { stream_id: 'a-cam' }))).toMatchObject({
      err: -1,
      err_msg: 'stream_id: a-cam is no stream of this endpoint',
      data: { reason: 'stream_unknown' },
    });
  });

  test('1.5 channel.dump with a stream, in the form of the document', async () => {
    const [peer, session] = await join('a', { device: 'd1', role: 'recorder' });
    await ask(peer, request('stream.add', session, { stream: STREAM }));
    expect((await ask(peer, request('channel.dump', session, {}))).data).toEqual({
      session,
      endpoint_list: [{ endpoint: 'a', device: 'd1', role: 'recorder', stream: STREAM }],
    });
    const desktop = { ...STREAM, type: 'desktop', stream_id: 'a-desk' };
    await ask(peer, request('stream.add', session, { stream: desktop }));
    expect((await ask(peer, request('channel.dump', session, {}))).data['endpoint_list']).toEqual([
      { endpoint: 'a', device: 'd1', role: 'recorder', stream: STREAM, streams: [STREAM, desktop] },
    ]);
  });

  test('version and cseq are echoed, the session may be left out, an endpoint is made up', async () => {
    const peer = new FakePeer(meetings.protocol);
    await peer.say(JSON.stringify({ version: 2, cseq: -5, method: 'channel.join', data: { app: 'a', channel: 'c' } }));
    const [joined] = peer.take<Said>();
    expect(joined).toMatchObject({
      version: 2,
      cseq: -5,
      err: 0,
      data: { endpoint: expect.stringMatching(/^.{22}$/) },
    });
    await peer.say(JSON.stringify({ method: 'channel.dump' }));
    expect(peer.take()).toMatchObject([{ version: 0, cseq: 0, err: 0, session: joined?.session }]);
  });
});

describe('events of seed 004 §2', () => {
  let alice: FakePeer;
  let session: string;
  beforeEach(async () => {
    [alice, session] = await join('alice');
  });
  const event = (name: string, data: unknown, own = session) => ({
    version: 0,
    cseq: expect.any(Number),
    event: name,
    session: own,
    data,
  });

  test('2.1 stream and 2.2 endpoint, in order, with the session of who gets them', async () => {
    const [bob, own] = await join('bob', { device: 'phone' });
    await ask(bob, request('stream.add', own, { stream: { ...STREAM, stream_id: 'b' } }));
    await ask(bob, request('stream.delete', own, { stream_id: 'b' }));
    await ask(bob, request('channel.leave', own, {}));
    const of = { device: 'phone', endpoint: 'bob' };
    expect(alice.take()).toEqual([
      event('endpoint', { ...of, stat: 'join' }),
      event('stream', { ...of, stream: 'b', stat: 'publish' }),
      event('stream', { ...of, stream: 'b', stat: 'unpublish' }),
      event('endpoint', { ...of, stat: 'leave' }),
    ]);
    expect(bob.sent).toEqual([]);
  });

  test('leaving takes the streams with it', async () => {
    const [bob, own] = await join('bob');
    await ask(bob, request('stream.add', own, { stream: { ...STREAM, stream_id: 'b' } }));
    alice.take();
    await ask(bob, request('channel.leave', own, {}));
    expect(alice.take().map(({ data }) => data)).toEqual([
      { device: '', endpoint: 'bob', stream: 'b', stat: 'unpublish' },
      { device: '', endpoint: 'bob', stat: 'leave' },
    ]);
    expect(await ask(bob, request('channel.dump', own, {}))).toMatchObject({ err: -1, data: { reason: 'not_joined' } });
  });

  test('2.3 error: a second join of the endpoint replaces the connection, which is told and closed', async () => {
    const [second, other] = await join('alice');
    expect(alice.take()).toEqual([event('error', { type: 'replaced' })]);
    expect([alice.closeCode, alice.closeReason]).toEqual([1008, 'replaced']);
    expect(other).not.toBe(session);
    expect(await ask(second, request('channel.dump', other, {}))).toMatchObject({
      data: { endpoint_list: [{ endpoint: 'alice' }] },
    });
  });

  test('2.4 broadcast: to all others, with source and payload', async () => {
    const [bob, own] = await join('bob', { device: 'phone' });
    const [carol, third] = await join('carol');
    for (const peer of [alice, bob, carol]) peer.take();
    const payload = { chat: '<b onclick="x()">hi</b>', to: ['alice'], ' ': '\u2028' };
    await ask(bob, request('broadcast', own, payload));
    const data = { source_endpoint: { device: 'phone', endpoint: 'bob' }, payload };
    expect(alice.take()).toEqual([event('broadcast', data)]);
    expect(carol.take()).toEqual([event('broadcast', data, third)]);
    expect(bob.sent).toEqual([]);
  });
});

describe('wrong messages are answered with the name of the field', () => {
  const joined = { app: 'a', channel: 'c', endpoint: 'e', role: 'normal' };
  const add = (more: Record<string, unknown>) => request('stream.add', '', { stream: { ...STREAM, ...more } });
  const cases: Array<[text: string, field: string, reason?: string]> = [
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['"channel.join"', 'not a JSON object'],
    ['{}', 'method: '],
    ['{"method":5}', 'method: '],
    ['{"method":"stream.fly"}', 'method: stream.fly', 'method_unknown'],
    ['{"method":"__proto__"}', 'method: __proto__', 'method_unknown'],
    ...[5, [], {}, '', 'x'.repeat(129), 'a\u0000b', 'a\nb', '\ud800'].flatMap((value) =>
      ['app', 'channel'].map((field): [string, string] => [
        request('channel.join', '', { ...joined, [field]: value }),
        `data.${field}: `,
      ]),
    ),
    ...[5, [], {}, 'x'.repeat(10_240), '\u001b[31m'].map((endpoint): [string, string] => [
      request('channel.join', '', { ...joined, endpoint }),
      'data.endpoint: ',
    ]),
    [request('channel.join', '', { ...joined, role: 'camera' }), 'data.role: '],
    [request('channel.join', '', { ...joined, role: 'admin' }), 'data.role: '],
    [request('channel.join', '', { ...joined, device: 7 }), 'data.device: '],
    [request('channel.join', '', { ...joined, token: {} }), 'data.token: '],
    [request('channel.join', '', 'app1'), 'data: '],
    [request('channel.join', '', undefined), 'data: '],
    [JSON.stringify({ version: '1', method: 'channel.join', data: joined }), 'version: '],
    [JSON.stringify({ cseq: 1.5, method: 'channel.join', data: joined }), 'cseq: '],
    [JSON.stringify({ session: 5, method: 'channel.join', data: joined }), 'session: '],
    [request('stream.add', '', {}), 'data.stream: '],
    [add({ stream_id: '' }), 'data.stream.stream_id: '],
    [add({ stream_id: 'a b' }), 'data.stream.stream_id: '],
    [add({ stream_id: '../x' }), 'data.stream.stream_id: '],
    [add({ stream_id: 'a/b/c' }), 'data.stream.stream_id: '],
    [add({ stream_id: 5 }), 'data.stream.stream_id: '],
    [add({ type: 5 }), 'data.stream.type: '],
    [add({ has_video: 'true' }), 'data.stream.has_video: '],
    [add({ has_audio: 1 }), 'data.stream.has_audio: '],
    [add({ audio_codec: 5 }), 'data.stream.audio_codec: '],
    [add({ video_codec: 'x'.repeat(65) }), 'data.stream.video_codec: '],
    [request('stream.delete', '', {}), 'data.stream_id: '],
    [request('media_server.dump', '', { protocol: 5 }), 'data.protocol: '],
    [request('broadcast', '', undefined), 'data: '],
    [request('broadcast', '', []), 'data: '],
    [request('broadcast', '', 'text'), 'data: '],
  ];

  test.each(cases)('%s', async (text, field, reason = 'message_invalid') => {
    const [peer, session] = await join('a');
    const [other] = await join('b');
    other.take();
    peer.take();
    const reply = await ask(peer, text);
    expect(reply).toMatchObject({ err: -1, data: { reason } });
    expect(reply.err_msg).toContain(field);
    // Harms neither this client nor another.
    expect(await ask(peer, request('channel.dump', session, {}))).toMatchObject({ err: 0 });
    expect([peer.closed, other.closed, other.sent.length]).toEqual([false, false, 0]);
  });

  test('a payload that is nested too deeply to be written', async () => {
    const [peer, session] = await join('a');
    const [other] = await join('b');
    other.take();
    const deep = `{"method":"broadcast","session":"${session}","data":{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`;
    await peer.say(deep);
    const [reply] = peer.take<Said>().slice(-1);
    // Where the stack is deep enough it is simply sent.
    if (reply?.err === 0) expect(other.sent).toHaveLength(1);
    else expect(reply).toMatchObject({ err_msg: 'data: nested too deeply', data: { reason: 'message_invalid' } });
    expect(await ask(peer, request('channel.dump', session, {}))).toMatchObject({ err: 0 });
  });
});
