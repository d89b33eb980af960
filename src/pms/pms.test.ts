import { request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeError } from '../../test/support/fake-platform.ts';
import { FAKE_ANSWER, type FakeStreams } from '../../test/support/fake-streams.ts';
import { PmsClient, type PmsMessage } from '../../test/support/pms-client.ts';
import { openRecordings, type RecordingsFixture } from '../../test/support/recordings-fixture.ts';
import { createStreamRights } from '../api/auth/stream-rights.ts';
import { Tokens } from '../api/auth/tokens.ts';
import { silentLogger } from '../util/index.ts';
import { createPms } from './server.ts';
import type { Pms, PmsOptions, PublishOffer } from './types.ts';

const KEY = new Uint8Array(32).fill(7);
const OFFER = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n';
const CAMERA = '34020000001320000001_34020000001310000001';

let streams: FakeStreams;
let recorded: RecordingsFixture;
let pms: Pms;
let base: string;
const clients: PmsClient[] = [];

async function open(options: Partial<PmsOptions> = {}, auth = false): Promise<void> {
  recorded = openRecordings({}, { running: [] });
  streams = recorded.streams;
  pms = await createPms(
    {
      listen: [{ address: '127.0.0.1', port: 0 }],
      location: '/',
      idleTimeoutMs: 5000,
      heartbeatTimeoutMs: 0,
      maxPayloadBytes: 100_000,
      maxBackpressureBytes: 1_000_000,
      messageRate: 1000,
      ...options,
    },
    { streams, recordings: recorded.recordings, rights: createStreamRights(KEY, auth), log: silentLogger },
  );
  base = `127.0.0.1:${pms.addresses[0]?.port}`;
}

async function connectClient(path = '/'): Promise<PmsClient> {
  const client = await PmsClient.connect(`ws://${base}${path}`);
  clients.push(client);
  return client;
}

async function reopen(options: Partial<PmsOptions> = {}, auth = false): Promise<void> {
  await pms.close();
  await recorded.close();
  await open(options, auth);
}

async function post(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<PmsMessage> {
  const response = await fetch(`http://${base}/`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as PmsMessage;
}

const publishMessage = (stream = 'xxx', session?: string): object => ({
  version: '1.0',
  method: 'stream.publish',
  stream,
  ...(session === undefined ? {} : { session }),
  data: { sdp: OFFER },
});
const playMessage = (stream = 'xxx', session?: string): object => ({
  ...publishMessage(stream, session),
  method: 'stream.play',
});

beforeEach(() => open());
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate();
  await pms.close();
  await recorded.close();
});

/** The examples of the two documents; `SESSION` stands for what the server gave. */
const DOCUMENTS = [
  {
    name: '000: stream.publish, stream.mute, stream.heartbeat, stream.close without a session',
    exchanges: [
      [
        `{"version":"1.0","method":"stream.publish","stream":"xxx","data":{"sdp":${JSON.stringify(OFFER)}}}`,
        `{"version":"1.0","err":0,"method":"stream.publish","data":{"sdp":${JSON.stringify(FAKE_ANSWER)}}}`,
      ],
      [
        '{"version":"1.0","method":"stream.mute","stream":"xxx","data":{"video":false,"audio":false}}',
        '{"version":"1.0","err":0,"method":"stream.mute","data":{"video":false,"audio":false}}',
      ],
      [
        '{"version":"1.0","method":"stream.heartbeat","stream":"xxx","data":{ }}',
        '{"version":"1.0","err":0,"method":"stream.heartbeat","data":{ }}',
      ],
      [
        '{"version":"1.0","method":"stream.close","stream":"xxx","data":{ }}',
        '{"version":"1.0","err":0,"method":"stream.close","data":{ }}',
      ],
    ],
  },
  {
    name: '000: stream.play, stream.mute of the player, stream.close without a session',
    exchanges: [
      [
        `{"version":"1.0","method":"stream.play","stream":"${CAMERA}","data":{"sdp":${JSON.stringify(OFFER)}}}`,
        `{"version":"1.0","err":0,"method":"stream.play","data":{"sdp":${JSON.stringify(FAKE_ANSWER)}}}`,
      ],
      [
        `{"version":"1.0","method":"stream.mute","stream":"${CAMERA}","data":{"video":false,"audio":false}}`,
        '{"version":"1.0","err":0,"method":"stream.mute","data":{"video":false,"audio":false}}',
      ],
      [
        `{"version":"1.0","method":"stream.mute","stream":"${CAMERA}","data":{"video":true,"audio":false}}`,
        '{"version":"1.0","err":0,"method":"stream.mute","data":{"video":true,"audio":false}}',
      ],
      [
        `{"version":"1.0","method":"stream.close","stream":"${CAMERA}","data":{ }}`,
        '{"version":"1.0","err":0,"method":"stream.close","data":{ }}',
      ],
    ],
  },
  {
    name: '001: the same with the session that the first reply gives',
    exchanges: [
      [
        `{"version":"1.0","method":"stream.publish","stream":"xxx","session":"","data":{"max_bitrate":1000000,"sdp":${JSON.stringify(OFFER)}}}`,
        `{"version":"1.0","err":0,"method":"stream.publish","session":"SESSION","data":{"sdp":${JSON.stringify(FAKE_ANSWER)}}}`,
      ],
      [
        '{"version":"1.0","method":"stream.mute","stream":"xxx","session":"SESSION","data":{"video":false,"audio":false}}',
        '{"version":"1.0","err":0,"method":"stream.mute","session":"SESSION","data":{"video":false,"audio":false}}',
      ],
      [
        '{"version":"1.0","method":"stream.mute","stream":"xxx","session":"SESSION","data":{"video":true}}',
        '{"version":"1.0","err":0,"method":"stream.mute","session":"SESSION","data":{"video":true,"audio":false}}',
      ],
      [
        '{"version":"1.0","method":"stream.heartbeat","stream":"xxx","session":"SESSION","data":{ }}',
        '{"version":"1.0","err":0,"method":"stream.heartbeat","session":"SESSION","data":{ }}',
      ],
      [
        '{"version":"1.0","method":"stream.close","stream":"xxx","session":"SESSION","data":{ }}',
        '{"version":"1.0","err":0,"method":"stream.close","session":"SESSION","data":{ }}',
      ],
    ],
  },
  {
    name: '001: stream.play of a camera, stream.shutdown as the original spells it too',
    exchanges: [
      [
        `{"version":"1.0","method":"stream.play","stream":"${CAMERA}","session":"","data":{"sdp":${JSON.stringify(OFFER)}}}`,
        `{"version":"1.0","err":0,"method":"stream.play","session":"SESSION","data":{"sdp":${JSON.stringify(FAKE_ANSWER)}}}`,
      ],
      [
        `{"version":"1.0","method":"stream.mute","stream":"${CAMERA}","session":"SESSION","data":{"audio":true}}`,
        '{"version":"1.0","err":0,"method":"stream.mute","session":"SESSION","data":{"video":false,"audio":true}}',
      ],
      [
        `{"version":"1.0","method":"stream.shutdown","stream":"${CAMERA}","session":"SESSION","data":{ }}`,
        '{"version":"1.0","err":0,"method":"stream.shutdown","session":"SESSION","data":{ }}',
      ],
    ],
  },
  {
    name: 'session.setup, then stream.publish in that session',
    exchanges: [
      [
        '{"version":"1.0","method":"session.setup","stream":"xxx","data":{"role":"publisher"}}',
        '{"version":"1.0","err":0,"method":"session.setup","session":"SESSION","data":{"role":"publisher"}}',
      ],
      [
        `{"version":"1.0","method":"stream.publish","stream":"xxx","session":"SESSION","data":{"sdp":${JSON.stringify(OFFER)}}}`,
        `{"version":"1.0","err":0,"method":"stream.publish","session":"SESSION","data":{"sdp":${JSON.stringify(FAKE_ANSWER)}}}`,
      ],
    ],
  },
] as const;

describe.each(['ws', 'http'])('the documents over %s', (carrier) => {
  test.each(DOCUMENTS)('$name', async ({ name, exchanges }) => {
    const client = carrier === 'ws' ? await connectClient() : undefined;
    let session = '';
    for (const [index, [sent, expected]] of exchanges.entries()) {
      // Without a WebSocket a message without a session belongs to nobody.
      if (client === undefined && name.startsWith('000') && index > 0) break;
      const message = sent.replace('SESSION', session);
      const reply = client === undefined ? await post(message) : await client.ask(message);
      if (session === '') session = String(reply['session']);
      expect(session).toMatch(/^sid\d+-/);
      expect(reply).toMatchObject(JSON.parse(expected.replace('SESSION', session)) as object);
      expect(Object.keys(reply)).toEqual(['version', 'err', 'err_msg', 'session', 'stream', 'method', 'data']);
      expect(reply['err_msg']).toBe('OK');
    }
  });
});

test.each([
  { trustedProxies: ['127.0.0.1'], address: '203.0.113.7' },
  { trustedProxies: [], address: '127.0.0.1' },
])('the address of a publisher who comes by proxies $trustedProxies', async ({ trustedProxies, address }) => {
  await reopen({ trustedProxies });
  expect(await post(publishMessage(), { 'X-Forwarded-For': '203.0.113.7' })).toMatchObject({ err: 0 });
  expect(streams.calls.find(([call]) => call === 'publish')?.[2]).toMatchObject({ remoteAddress: address });
});

test.each([
  { written: '1000000', maxBitrateBps: 1_000_000 },
  { written: '0', maxBitrateBps: undefined },
  { written: 'null', maxBitrateBps: undefined },
  { written: '18446744073709551615', maxBitrateBps: 1_000_000_000 },
])('max_bitrate of $written reaches the stream as $maxBitrateBps', async ({ written, maxBitrateBps }) => {
  const sent = `{"method":"stream.publish","stream":"a","data":{"sdp":${JSON.stringify(OFFER)},"max_bitrate":${written}}}`;
  expect(await post(sent)).toMatchObject({ err: 0 });
  const requests = streams.calls.filter(([call]) => call === 'publish').map(([, , request]) => request);
  expect(requests.map((request) => (request as PublishOffer).maxBitrateBps)).toEqual([maxBitrateBps]);
});

describe('bad input is answered with its field and harms nobody', () => {
  test.each([
    ['not JSON', '{"version":', 'the message is not JSON'],
    ['an array', [], 'the message is not a JSON object'],
    ['a number', 17, 'the message is not a JSON object'],
    ['no method', { stream: 'x' }, 'method: expected a string'],
    ['unknown method', { method: 'stream.dance' }, 'Unknown method[stream.dance]'],
    ['no data', { method: 'stream.publish', stream: 'x' }, 'data: '],
    ['no sdp', { method: 'stream.publish', stream: 'x', data: {} }, 'data.sdp: Missing sdp'],
    ['empty sdp', { method: 'stream.play', stream: 'x', data: { sdp: '' } }, 'data.sdp: Missing sdp'],
    ['sdp of another type', { method: 'stream.play', stream: 'x', data: { sdp: 1 } }, 'data.sdp: Missing sdp'],
    ['a long sdp', { method: 'stream.play', stream: 'x', data: { sdp: 'v'.repeat(70_000) } }, 'data.sdp: '],
    ['no stream', { method: 'stream.publish', data: { sdp: OFFER } }, 'stream: '],
    ['stream is no text', { method: 'stream.publish', stream: 1, data: { sdp: OFFER } }, 'stream: '],
    ['path traversal', { method: 'stream.publish', stream: '../../etc', data: { sdp: OFFER } }, 'stream: '],
    ['two dots', { method: 'stream.publish', stream: '..', data: { sdp: OFFER } }, 'stream: '],
    ['negative bitrate', { ...publishMessage(), data: { sdp: OFFER, max_bitrate: -1 } }, 'data.max_bitrate: '],
    ['half a bit', { ...publishMessage(), data: { sdp: OFFER, max_bitrate: 0.5 } }, 'data.max_bitrate: '],
    ['bitrate as text', { ...publishMessage(), data: { sdp: OFFER, max_bitrate: '1' } }, 'data.max_bitrate: '],
    ['mute with text', { method: 'stream.mute', stream: 'x', data: { video: 'yes' } }, 'data.video: '],
    ['unknown role', { method: 'session.setup', data: { role: 'king' } }, 'data.role: '],
    ['unknown session', publishMessage('x', 'sid77'), 'Session not found. session: sid77'],
    ['session is no text', { ...publishMessage(), session: 5 }, 'session: '],
    ['nothing to close', { method: 'stream.close', stream: 'x' }, 'Session not found'],
    ['nobody publishes', playMessage('nobody'), 'StreamId[nobody] Publisher not found'],
  ])('%s', async (_name, message, text) => {
    const other = await connectClient();
    await other.ask(publishMessage('other'));
    const client = await connectClient();
    if (JSON.stringify(message).includes('nobody')) streams.failure = new FakeError('stream_not_found', 'none');
    const overWs = await client.ask(message);
    expect(overWs).toMatchObject({ version: '1.0', err: -1, data: { reason: expect.stringMatching(/^[a-z_]+$/) } });
    expect(overWs['err_msg']).toContain(text);
    expect((await post(message))['err_msg']).toContain(text);
    expect(await other.ask({ method: 'stream.heartbeat' })).toMatchObject({ err: 0 });
    expect(streams.find('live/other')).toBeDefined();
    expect(other.waiting).toBe(0);
  });

  test('an error inside tells nothing of itself', async () => {
    streams.failure = new Error('secret path');
    expect(await post(publishMessage())).toMatchObject({ err: -1, err_msg: 'internal error' });
  });

  test("a stream's own error is told with its code", async () => {
    streams.failure = new FakeError('codec_unsupported', 'the offer has no H264');
    expect(await post(playMessage())).toMatchObject({
      err: -1,
      err_msg: 'play failed, the offer has no H264',
      data: { reason: 'codec_unsupported' },
    });
  });

  test('a message over the limit closes only its own WebSocket, an HTTP one is refused', async () => {
    const other = await connectClient();
    await other.ask(publishMessage());
    const client = await connectClient();
    const closed = once(client.socket, 'close');
    client.socket.send('x'.repeat(200_000));
    expect((await closed)[0]).toBe(1009);
    expect(streams.list()).toHaveLength(1);
    const refused = await post('x'.repeat(200_000)).catch(() => undefined);
    if (refused !== undefined) expect(refused['err_msg']).toContain('100000');
  });
});

describe('sessions', () => {
  test('belong to their WebSocket; an HTTP session to whoever knows it', async () => {
    const [one, two] = [await connectClient(), await connectClient()];
    const { session } = await one.ask(publishMessage());
    const close = { method: 'stream.close', stream: 'xxx', session };
    expect(await two.ask(close)).toMatchObject({ err: -1, data: { reason: 'session_unknown' } });
    expect(await post(close)).toMatchObject({ err: -1, data: { reason: 'session_unknown' } });
    expect(streams.list()).toHaveLength(1);
    const posted = await post(publishMessage('posted'));
    expect(await post({ ...close, stream: 'posted', session: posted['session'] })).toMatchObject({ err: 0 });
    expect(await post({ ...close, stream: 'posted', session: posted['session'] })).toMatchObject({ err: -1 });
  });

  test('one session publishes and plays', async () => {
    const client = await connectClient();
    const { session } = await client.ask(publishMessage('mine'));
    expect(await client.ask(playMessage('mine', String(session)))).toMatchObject({ err: 0, session });
  });

  test("the role of session.setup decides, its session outlives the WebSocket's end", async () => {
    const client = await connectClient();
    const { session } = await client.ask({ method: 'session.setup', data: { role: 'player' } });
    expect(await client.ask(publishMessage('x', String(session)))).toMatchObject({
      err: -1,
      data: { reason: 'session_role' },
    });
    await client.close();
    expect(await post(playMessage(CAMERA, String(session)))).toMatchObject({ err: 0, session });
  });

  test('whoever plays or publishes in a session of session.setup is told over the WebSocket that asked', async () => {
    const [publisher, player] = [await connectClient(), await connectClient()];
    const setup = (role: string): object => ({ method: 'session.setup', data: { role } });
    const published = await publisher.ask(setup('publisher'));
    const played = await player.ask(setup('player'));
    await publisher.ask(publishMessage('xxx', String(published.session)));
    await player.ask(playMessage('xxx', String(played.session)));
    expect(await post(publishMessage())).toMatchObject({ err: 0 });
    const closed = { err: 1, stream: 'xxx', method: 'stream.close' };
    expect(await player.next()).toMatchObject({ ...closed, session: played.session, err_msg: 'Publisher closed' });
    expect(await publisher.next()).toMatchObject({
      ...closed,
      session: published.session,
      data: { reason: 'replaced' },
    });
  });

  test('a lost connection takes its publication along, and the players are told', async () => {
    const [publisher, player] = [await connectClient(), await connectClient()];
    await publisher.ask(publishMessage());
    const { session } = await player.ask(playMessage());
    publisher.socket.terminate();
    expect(await player.next()).toEqual({
      version: '1.0',
      err: 1,
      err_msg: 'Publisher closed',
      session,
      stream: 'xxx',
      method: 'stream.close',
      data: { reason: 'publisher_gone' },
    });
    expect(streams.list()).toEqual([]);
    expect(pms.sessions).toBe(1);
  });

  test('who is replaced is told so; who replaces himself is not', async () => {
    const [first, second] = [await connectClient(), await connectClient()];
    const { session } = await first.ask(publishMessage());
    expect(await first.ask(publishMessage('xxx', String(session)))).toMatchObject({ err: 0, session });
    await second.ask(publishMessage());
    expect(await first.next()).toMatchObject({ err: 1, method: 'stream.close', data: { reason: 'replaced' } });
    expect(first.waiting).toBe(0);
    // A client of the older document has no session that would tell what has ended from what has begun.
    expect(await second.ask(publishMessage())).toMatchObject({ err: 0, method: 'stream.publish' });
    expect(second.waiting).toBe(0);
    expect(streams.list()).toHaveLength(1);
  });

  test('without a session the play that began last is meant', async () => {
    const client = await connectClient();
    const [older, newer] = [await client.ask(playMessage(CAMERA)), await client.ask(playMessage(CAMERA))];
    const close = { method: 'stream.close', stream: CAMERA };
    expect(await client.ask(close)).toMatchObject({ err: 0, session: newer.session });
    expect(await client.ask(close)).toMatchObject({ err: 0, session: older.session });
    expect(await client.ask(close)).toMatchObject({ err: -1, data: { reason: 'stream_unknown' } });
  });

  test('a publication whose WebSocket is lost before the answer is closed', async () => {
    const client = await connectClient();
    const gate = Promise.withResolvers<void>();
    const publish = streams.publish.bind(streams);
    streams.publish = async (...args) => {
      await gate.promise;
      return publish(...args);
    };
    client.socket.send(JSON.stringify(publishMessage()));
    await expect.poll(() => pms.connections).toBe(1);
    await client.ask({ method: 'stream.heartbeat' });
    client.socket.terminate();
    await expect.poll(() => pms.connections).toBe(0);
    gate.resolve();
    await expect.poll(() => streams.calls.some(([call]) => call === 'closePublication')).toBe(true);
    expect([streams.list(), pms.sessions]).toEqual([[], 0]);
  });

  test('1000 sessions that are opened and dropped leave nothing', async () => {
    for (let round = 0; round < 20; round += 1) {
      const opened = await Promise.all(Array.from({ length: 50 }, () => PmsClient.connect(`ws://${base}/`)));
      await Promise.all(opened.map((client, i) => client.ask(publishMessage(`s${round}-${i}`))));
      for (const client of opened) client.socket.terminate();
    }
    await expect.poll(() => [pms.connections, pms.sessions, streams.list().length]).toEqual([0, 0, 0]);
  });

  test('a WebSocket that publishes and closes for ever keeps a few sessions', async () => {
    await reopen({ messageRate: 100_000 });
    const client = await connectClient();
    const other = await connectClient();
    const kept = String((await client.ask(publishMessage('kept')))['session']);
    for (let round = 0; round < 200; round += 1) {
      const { session } = await client.ask(publishMessage());
      const closed = await client.ask({ method: 'stream.close', stream: 'xxx', session });
      expect(closed).toMatchObject({ err: 0, session });
      // The session that was closed last is still known.
      expect(await client.ask({ method: 'stream.heartbeat', session })).toMatchObject({ err: 0 });
    }
    expect(pms.sessions).toBe(17);
    expect(await client.ask({ method: 'stream.close', stream: 'kept', session: kept })).toMatchObject({ err: 0 });
    expect(await other.ask(publishMessage('other'))).toMatchObject({ err: 0 });
  });

  test('are bounded, and idle ones without a WebSocket are forgotten', async () => {
    await reopen({ maxSessions: 2, idleTimeoutMs: 200 });
    const client = await connectClient();
    for (const stream of ['a', 'b']) expect(await client.ask(publishMessage(stream))).toMatchObject({ err: 0 });
    const setup = { method: 'session.setup', data: { role: 'player' } };
    expect(await post(setup)).toMatchObject({ err: -1, data: { reason: 'session_limit' } });
    await client.close();
    await expect.poll(() => pms.sessions).toBe(0);
    expect(await post(setup)).toMatchObject({ err: 0 });
    await expect.poll(() => pms.sessions, { timeout: 3000 }).toBe(0);
  });

  test('that were only set up make room for those who publish, the oldest first', async () => {
    await reopen({ maxSessions: 3 });
    const setup = { method: 'session.setup', data: { role: 'publisher' } };
    const sessions: unknown[] = [];
    for (let count = 0; count < 3; count += 1) sessions.push((await post(setup)).session);
    const client = await connectClient();
    expect(await client.ask(publishMessage('a'))).toMatchObject({ err: 0 });
    expect(pms.sessions).toBe(3);
    const beat = (session: unknown): object => ({ method: 'stream.heartbeat', session });
    expect(await post(beat(sessions[0]))).toMatchObject({ err: -1, data: { reason: 'session_unknown' } });
    expect(await post(beat(sessions[2]))).toMatchObject({ err: 0 });
  });

  test('session.setup in a session changes its role, but not over a stream of the other one', async () => {
    const client = await connectClient();
    const setup = (role: string, session?: unknown): object => ({ method: 'session.setup', session, data: { role } });
    const { session } = await client.ask(setup('player'));
    expect(await client.ask(setup('publisher', session))).toMatchObject({
      err: 0,
      session,
      data: { role: 'publisher' },
    });
    expect(await client.ask(publishMessage('mine', String(session)))).toMatchObject({ err: 0, session });
    expect(await client.ask(setup('player', session))).toMatchObject({ err: -1, data: { reason: 'session_role' } });
    expect(await client.ask(publishMessage('more', String(session)))).toMatchObject({ err: 0, session });
  });
});

describe('timeouts and bounds of a WebSocket', () => {
  test('without a message for the heartbeat timeout it is closed; stream.heartbeat keeps it', async () => {
    await reopen({ heartbeatTimeoutMs: 400 });
    const [silent, alive] = [await connectClient(), await connectClient()];
    await silent.ask(publishMessage());
    const closed = once(silent.socket, 'close');
    const beat = setInterval(() => alive.socket.send('{"method":"stream.heartbeat"}'), 100);
    expect((await closed)[0]).toBe(1008);
    clearInterval(beat);
    expect(alive.socket.readyState).toBe(WebSocket.OPEN);
    expect(streams.list()).toEqual([]);
  });

  test('one that answers no ping is closed after the idle timeout', async () => {
    await reopen({ idleTimeoutMs: 300 });
    const dead = connect(Number(base.split(':')[1]), '127.0.0.1');
    dead.on('error', () => undefined);
    dead.write(
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await expect.poll(() => pms.connections).toBe(1);
    dead.resume();
    await once(dead, 'close');
    await expect.poll(() => pms.connections).toBe(0);
  });

  test('one that sends too much is refused, then cut off; others go on', async () => {
    await reopen({ messageRate: 10 });
    const [flood, other] = [await connectClient(), await connectClient()];
    const closed = once(flood.socket, 'close');
    for (let i = 0; i < 400; i += 1) flood.socket.send('{"method":"stream.heartbeat"}');
    expect((await closed)[0]).toBe(1008);
    expect(await other.ask({ method: 'stream.heartbeat' })).toMatchObject({ err: 0 });
  });

  test('connections are bounded, other paths are 404', async () => {
    await reopen({ maxConnections: 1, location: '/pms' });
    await connectClient('/pms/');
    await expect(connectClient('/pms')).rejects.toThrow('503');
    await expect(connectClient('/other')).rejects.toThrow('404');
    expect((await fetch(`http://${base}/other`, { method: 'POST', body: '{}' })).status).toBe(404);
    expect((await fetch(`http://${base}/pms`)).status).toBe(426);
    expect((await fetch(`http://${base}/pms`, { method: 'OPTIONS' })).headers.get('access-control-allow-origin')).toBe(
      '*',
    );
  });

  test('a request target that is no path is 404', async () => {
    const request = httpRequest(`http://${base}`, { method: 'POST', path: 'http://[' });
    request.end('{}');
    const [response] = (await once(request, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(404);
  });
});

describe('tokens', () => {
  const tokens = new Tokens(KEY);

  test('in the message, in the URL, in Authorization; each for its stream and right', async () => {
    await reopen({}, true);
    const { token: publish } = await tokens.signPublish('live/xxx', 60_000);
    const { token: play } = await tokens.signPlay('live/xxx', 60_000);
    const { token: admin } = await tokens.signAdmin('admin', 60_000);
    const withToken = (message: object, token: string): object => ({ ...message, data: { sdp: OFFER, token } });
    expect(await post(publishMessage())).toMatchObject({
      err: -1,
      err_msg: 'publish not allowed: a valid token is needed',
    });
    expect(await post(withToken(publishMessage(), play))).toMatchObject({ err: -1, data: { reason: 'not_allowed' } });
    expect(await post(withToken(publishMessage('yyy'), publish))).toMatchObject({ err: -1 });
    expect(await post(withToken(publishMessage(), publish))).toMatchObject({ err: 0 });
    expect(await post(withToken(playMessage(), publish))).toMatchObject({ err: -1 });
    expect(await post(playMessage(), { Authorization: `Bearer ${play}` })).toMatchObject({ err: 0 });
    const client = await connectClient(`/?token=${admin}`);
    expect(await client.ask(publishMessage('anything'))).toMatchObject({ err: 0 });
    expect(await client.ask(playMessage())).toMatchObject({ err: 0 });
  });
});
