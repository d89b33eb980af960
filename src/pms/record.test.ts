import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PmsClient, type PmsMessage } from '../../test/support/pms-client.ts';
import { CAMERA, openRecordings, type RecordingsFixture } from '../../test/support/recordings-fixture.ts';
import { fakeStream } from '../../test/support/fake-streams.ts';
import { createStreamRights } from '../api/auth/stream-rights.ts';
import { Tokens } from '../api/auth/tokens.ts';
import { silentLogger } from '../util/index.ts';
import { createRecordCommands } from './record-server.ts';
import { createPms } from './server.ts';
import type { Pms, RecordCommandOptions, RecordCommands } from './types.ts';

const KEY = new Uint8Array(32).fill(7);
/** The stream of both documents, a publication. */
const DOCUMENTED = fakeStream({ name: 'live/123456', source: 'publication' });

let fixture: RecordingsFixture;
let pms: Pms;
let commands: RecordCommands;
let command: string;
let signalling: string;
const clients: PmsClient[] = [];

async function open(auth = false, options: Partial<RecordCommandOptions> = {}): Promise<void> {
  fixture = openRecordings({}, { running: [DOCUMENTED, fakeStream()] });
  const rights = createStreamRights(KEY, auth);
  const { streams, recordings } = fixture;
  const parts = { streams, recordings, rights, log: silentLogger };
  pms = await createPms(
    {
      listen: [{ address: '127.0.0.1', port: 0 }],
      location: '/',
      idleTimeoutMs: 5000,
      heartbeatTimeoutMs: 0,
      maxPayloadBytes: 100_000,
      maxBackpressureBytes: 1_000_000,
      messageRate: 1000,
    },
    parts,
  );
  commands = await createRecordCommands(
    { address: '127.0.0.1', port: 0, messageRate: 1000, allowPages: auth, ...options },
    parts,
  );
  signalling = `127.0.0.1:${pms.addresses[0]?.port}`;
  command = `http://127.0.0.1:${commands.address.port}/`;
}

async function close(): Promise<void> {
  for (const client of clients.splice(0)) client.socket.terminate();
  await Promise.all([pms.close(), commands.close()]);
  await fixture.close();
}

beforeEach(() => open());
afterEach(close);

async function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<PmsMessage> {
  // As `curl -d` sends it.
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, { method: 'POST', headers: { ...form, ...headers }, body: text });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
  return (await response.json()) as PmsMessage;
}

async function ask(carrier: string, body: unknown): Promise<PmsMessage> {
  if (carrier === 'cmdPort') return post(command, body);
  if (carrier === 'http') return post(`http://${signalling}/`, body);
  const client = clients[0] ?? (await PmsClient.connect(`ws://${signalling}/`));
  if (clients.length === 0) clients.push(client);
  return client.ask(body);
}

/** The examples of the documents, seeds 000 and 001 alike. */
const START = '{"stream":"123456","method":"record.start","data":{"fileName":"123456-20201123-231523.webm"}}';
const STOP = '{"stream":"123456","method":"record.stop","data":{}}';

describe.each(['cmdPort', 'ws', 'http'])('over %s', (carrier) => {
  const envelope = carrier === 'cmdPort' ? {} : { session: '', stream: '123456' };
  const of = (method: string): object => (carrier === 'cmdPort' ? envelope : { ...envelope, method });
  const done = { version: '1.0', err: 0, err_msg: 'OK' };

  test('the documents: start, stop, stop again', async () => {
    fixture.threads.codecs = ['VP8', 'OPUS'];
    expect(await ask(carrier, START)).toEqual({
      ...done,
      ...of('record.start'),
      data: { fileName: '123456-20201123-231523.webm' },
    });
    expect(fixture.recordings.list({ page: 1, limit: 10 }).items).toMatchObject([
      { stream: 'live/123456', state: 'recording', requestedBy: 'pms' },
    ]);
    expect(await ask(carrier, STOP)).toEqual({
      ...done,
      ...of('record.stop'),
      data: { fileNames: ['123456-20201123-231523.webm'] },
    });
    expect(await ask(carrier, STOP)).toEqual({
      version: '1.0',
      err: -1,
      err_msg: 'job not found',
      ...of('record.stop'),
      data: { reason: 'job_not_found' },
    });
    expect(readdirSync(fixture.path)).toEqual(['123456-20201123-231523.webm']);
  });

  test('H.264 under the name of a .webm: the reply tells the real one', async () => {
    expect(await ask(carrier, START)).toMatchObject({ err: 0, data: { fileName: '123456-20201123-231523.mp4' } });
  });

  test.each([
    ['no data', { stream: '123456', method: 'record.start' }],
    ['data null', { stream: '123456', method: 'record.start', data: null }],
    ['empty fileName', { stream: '123456', method: 'record.start', data: { fileName: '' } }],
    [
      'a target, which is not used',
      { stream: '123456', method: 'record.start', data: { targetHost: '10.0.0.1', targetPort: 8554 } },
    ],
    ['with app and version', { version: '1.0', stream: 'live/123456', method: 'record.start', data: {} }],
  ])('the default name: %s', async (_name, message) => {
    fixture.threads.codecs = ['VP9', 'OPUS'];
    expect(await ask(carrier, message)).toMatchObject({ err: 0, data: { fileName: '123456.webm' } });
  });

  test('a second start is a second recording; stop ends all of the stream, or the one with the name', async () => {
    const start = (fileName: string): unknown => ({ stream: '123456', method: 'record.start', data: { fileName } });
    const stop = (fileName: string): unknown => ({ stream: '123456', method: 'record.stop', data: { fileName } });
    await ask(carrier, start('a.webm'));
    await ask(carrier, start('b.webm'));
    await ask(carrier, start('c.webm'));
    expect((await ask(carrier, stop('a.webm'))).data).toEqual({ fileNames: ['a.mp4'] });
    expect((await ask(carrier, stop('b.mp4'))).data).toEqual({ fileNames: ['b.mp4'] });
    await ask(carrier, start('d'));
    const byApi = await fixture.recordings.start({ stream: '123456', requestedBy: 'api' });
    expect((await ask(carrier, STOP)).data).toEqual({ fileNames: ['c.mp4', 'd.mp4'] });
    expect(fixture.recordings.get(byApi.id)?.state).toBe('recording');
  });

  test('a camera is recorded by its name', async () => {
    expect(await ask(carrier, { stream: CAMERA.replace('live/', ''), method: 'record.start' })).toMatchObject({
      err: 0,
      data: { fileName: '34020000001320000001_34020000001310000001.mp4' },
    });
  });

  test.each([
    ['nobody publishes', { stream: 'nobody' }, 'StreamId[nobody] Publisher not found', 'publisher_not_found'],
    ['path', { data: { fileName: '../../etc/x' } }, 'record failed, fileName "../../etc/x" has', 'file_name_invalid'],
    ['absolute path', { data: { fileName: '/etc/x.webm' } }, 'record failed, fileName', 'file_name_invalid'],
    ['control characters', { data: { fileName: 'a\u0000b' } }, 'record failed, fileName', 'file_name_invalid'],
    ['long', { data: { fileName: 'x'.repeat(300) } }, 'has 300 bytes, the limit is 200', 'file_name_invalid'],
    ['very long', { data: { fileName: 'x'.repeat(2000) } }, 'data.fileName: ', 'message_invalid'],
    ['no text', { data: { fileName: 7 } }, 'data.fileName: ', 'message_invalid'],
    ['data is a text', { data: 'x' }, 'data: ', 'message_invalid'],
    ['stream is a path', { stream: '../x' }, 'stream: ', 'message_invalid'],
    ['no stream', { stream: undefined }, 'stream: ', 'message_invalid'],
    ['unknown method', { method: 'record.pause' }, 'Unknown method[record.pause]', 'method_unknown'],
  ])('refused: %s', async (_name, more, text, reason) => {
    const reply = await ask(carrier, { stream: '123456', method: 'record.start', data: {}, ...more });
    expect(reply).toMatchObject({ version: '1.0', err: -1, data: { reason } });
    expect(reply['err_msg']).toContain(text);
    expect(fixture.threads.writers).toEqual([]);
  });

  test.each(['', '{', '[]', '7', 'null'])('no message: %j', async (text) => {
    expect(await ask(carrier, text === '' && carrier === 'ws' ? ' ' : text)).toMatchObject({
      err: -1,
      data: { reason: 'message_invalid' },
    });
  });
});

describe('cmdPort', () => {
  test('has the record commands only, and nothing but POST on /', async () => {
    const message = { method: 'stream.heartbeat' };
    expect(await post(command, message)).toEqual({
      version: '1.0',
      err: -1,
      err_msg: 'Unknown method[stream.heartbeat]',
      data: { reason: 'method_unknown' },
    });
    expect((await fetch(command)).status).toBe(405);
    expect((await fetch(`${command}other`, { method: 'POST', body: START })).status).toBe(404);
    const [address, port] = [commands.address.address, commands.address.port];
    const socket = connect(port, address);
    socket.end('this is no HTTP\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    expect(await post(command, START)).toMatchObject({ err: 0 });
  });

  test('half-open connections hold nobody up', async () => {
    const sockets = Array.from({ length: 50 }, () => connect(commands.address.port, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{"stream":');
    }
    expect(await post(command, START)).toMatchObject({ err: 0 });
    for (const socket of sockets) socket.destroy();
  });

  test('one source has a share of the connections, others get in', async () => {
    await close();
    await open(false, { maxConnectionsPerSource: 2 });
    const port = commands.address.port;
    const idle = (): Socket => connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }).resume();
    const kept = [idle(), idle()];
    await Promise.all(kept.map((socket) => once(socket, 'connect')));
    await once(
      idle().on('error', () => undefined),
      'close',
    );
    expect(await post(command, START)).toMatchObject({ err: 0 });
    expect(kept.map(({ destroyed }) => destroyed)).toEqual([false, false]);
    for (const socket of kept) socket.destroy();
  });

  test('a body over the limit is refused', async () => {
    const refused = await post(command, 'x'.repeat(100_000)).catch(() => undefined);
    if (refused !== undefined) expect(refused['err_msg']).toBe('the message has more than 65536 bytes');
    expect(await post(command, START)).toMatchObject({ err: 0 });
  });

  test('more messages than the rate are refused', async () => {
    await close();
    await open(false, { messageRate: 1 });
    const errors: unknown[] = [];
    for (let i = 0; i < 4; i += 1) errors.push((await post(command, STOP)).data['reason']);
    expect(errors).toContain('too_many_messages');
  });

  test('without tokens no page of a browser gets in', async () => {
    const origin = { Origin: 'http://evil.example' };
    expect(await post(command, START, origin)).toMatchObject({ err: -1, data: { reason: 'not_allowed' } });
    expect(fixture.threads.writers).toEqual([]);
  });

  test('a port that is taken is an error that names it', async () => {
    const { address, port } = commands.address;
    const opening = createRecordCommands(
      { address, port, messageRate: 1, allowPages: false },
      { recordings: fixture.recordings, rights: createStreamRights(KEY, false), log: silentLogger },
    );
    await expect(opening).rejects.toThrow(new RegExp(`TCP port ${port} of 127.0.0.1 cannot be opened`));
  });

  test('close is idempotent, and does not wait for who keeps a connection open', async () => {
    const socket = connect(commands.address.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.resume();
    const ended = once(socket, 'close');
    await Promise.all([commands.close(), commands.close()]);
    await ended;
  });
});

describe('with http.auth', () => {
  const tokens = new Tokens(KEY);
  beforeEach(async () => {
    await close();
    await open(true);
  });

  test('who may publish a stream may record it, and the administrator', async () => {
    const [{ token: admin }, { token: publish }, { token: other }, { token: play }] = await Promise.all([
      tokens.signAdmin('admin', 60_000),
      tokens.signPublish('live/123456', 60_000),
      tokens.signPublish('live/other', 60_000),
      tokens.signPlay('live/123456', 60_000),
    ]);
    const start = (token?: string): unknown => ({ stream: '123456', method: 'record.start', data: { token } });
    const urls = [command, `http://${signalling}/`];
    for (const url of urls) {
      for (const [token, text] of [
        [undefined, 'record not allowed: a valid token is needed'],
        ['nonsense', 'record not allowed: a valid token is needed'],
        [play, 'record not allowed: this token does not allow that'],
        [other, 'record not allowed: this token does not allow that'],
      ] as const) {
        const refused = { err: -1, err_msg: text, data: { reason: 'not_allowed' } };
        expect(await post(url, start(token))).toMatchObject(refused);
        expect(await post(`${url}?token=${token ?? ''}`, STOP)).toMatchObject(refused);
      }
      expect(await post(url, start(publish))).toMatchObject({ err: 0 });
      expect(await post(`${url}?token=${publish}`, STOP)).toMatchObject({ err: 0 });
      expect(await post(url, START, { Authorization: `Bearer ${admin}` })).toMatchObject({ err: 0 });
      expect(await post(url, STOP, { Authorization: `Bearer ${admin}` })).toMatchObject({ err: 0 });
    }
  });
});
