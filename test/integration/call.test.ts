import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, afterAll, describe, expect, test } from 'vitest';
import { Tokens } from '../../src/api/auth/tokens.ts';
import { openCallHistory } from '../../src/store/index.ts';
import { CallClient, type CallMessage } from '../support/call-client.ts';
import { freePort, startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';

const joinOf = (uid: string, roomId: string): object => ({
  cmd: 'join',
  appId: '10000',
  roomId,
  uid,
  uname: `client_${uid}`,
  userType: 0,
  talkType: 1,
  time: '1560138845',
});

let gateway: GatewayProcess;
let base: string;
const clients: CallClient[] = [];

async function start(config: Record<string, Record<string, unknown>>): Promise<void> {
  const port = await freePort();
  const rooms = { host: '127.0.0.1', port, ...config.rooms };
  gateway = await startGatewayProcess({ config: { ...config, rooms } });
  base = `127.0.0.1:${port}`;
}

async function member(uid: string, roomId: string): Promise<CallClient> {
  const client = await CallClient.connect(`ws://${base}/ws`);
  clients.push(client);
  expect(await client.ask(joinOf(uid, roomId), 'respJoin')).toMatchObject({ result: 0 });
  return client;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.socket.terminate();
});

describe('calls over real WebSockets', () => {
  beforeAll(() =>
    start({
      call: { 'keep-live-timeout': '3s', apps: [{ 'app-id': '10000', domains: ['example.org'] }] },
      rooms: { 'idle-timeout': '2s', 'max-unread': 65_536, 'message-rate': 5000 },
      ice: { servers: [{ ip: '192.0.2.9', username: 'lqf', credential: '123456' }] },
    }),
  );
  afterAll(() => gateway.stop());

  test('three users: offers, answers, candidates, the end', async () => {
    const a = await member('a', '22');
    const b = await member('b', '22');
    const c = await member('c', '22');
    for (const uid of ['b', 'c']) expect(await a.next('notifyNewPeer')).toMatchObject({ uid });
    expect(await b.next('notifyNewPeer')).toMatchObject({
      uid: 'c',
      rtcConfig: { iceServers: [{ username: 'lqf' }, { urls: ['stun:192.0.2.9:3478'] }] },
    });
    for (const [from, to, fromUid, toUid] of [
      [a, b, 'a', 'b'],
      [a, c, 'a', 'c'],
      [b, c, 'b', 'c'],
    ] as const) {
      from.send({ cmd: 'offer', appId: '10000', roomId: '22', uid: fromUid, remoteUid: toUid, msg: 'o' });
      expect(await to.next('relayOffer')).toMatchObject({ uid: fromUid, remoteUid: toUid, msg: 'o' });
      to.send({ cmd: 'answer', appId: '10000', roomId: '22', uid: toUid, remoteUid: fromUid, msg: 'r' });
      expect(await from.next('relayAnswer')).toMatchObject({ uid: toUid, msg: 'r' });
      from.send({ cmd: 'candidate', remoteUid: toUid, msg: { candidate: 'x' } });
      expect(await to.next('relayCandidate')).toMatchObject({ uid: fromUid, msg: { candidate: 'x' } });
      from.send({ cmd: 'peerConnected', remoteUid: toUid, connectType: 'TURN' });
      expect(await from.next('respPeerConnected')).toMatchObject({ result: 0 });
    }
    expect(await gateway.json('GET', '/api/v1/calls?search=client_c')).toMatchObject({
      total: 1,
      items: [{ appId: '10000', roomId: '22', users: [{ uid: 'a' }, { uid: 'b' }, { uid: 'c' }], connectedPairs: 3 }],
    });
    expect(await gateway.json('GET', '/api/v1/calls?appId=2')).toMatchObject({ total: 0, items: [] });
    expect(await (await fetch(`${gateway.base}/metrics`)).text()).toContain('\ngbrtc_call_pairs 3\n');
    expect(await c.ask({ cmd: 'leave', uid: 'c' }, 'respLeave')).toMatchObject({ result: 0 });
    for (const other of [a, b]) expect(await other.next('relayLeave')).toMatchObject({ uid: 'c' });
  });

  test('login over WebSocket and POST, by the domain of the page', async () => {
    const login = { protocol: 'req', cmd: 'login', appId: '10000', url: 'http://www.example.org/' };
    const client = await CallClient.connect(`ws://${base}/login`, { origin: 'http://www.example.org' });
    clients.push(client);
    expect(await client.ask(login, 'login')).toMatchObject({
      result: 0,
      roomServer: `ws://${base}/ws`,
      iceServer: '192.0.2.9:3478',
    });
    const post = async (body: object): Promise<unknown> => {
      const response = await fetch(`http://${base}/login`, { method: 'POST', body: JSON.stringify(body) });
      return response.json();
    };
    expect(await post(login)).toMatchObject({ result: 0, roomServer: `ws://${base}/ws` });
    expect(await post({ ...login, appId: '1' })).toMatchObject({ result: 1 });
    expect(await post({ ...login, url: 'http://badexample.org/' })).toMatchObject({ result: 2 });
  });

  test('without keepLive a user is put out', async () => {
    const a = await member('a', 'silent');
    const b = await member('b', 'silent');
    const timer = setInterval(() => a.send({ cmd: 'keepLive', uid: 'a' }), 500);
    expect(await b.next('systemKickUser')).toMatchObject({ desc: 'no keepLive for 3 s' });
    expect(await a.next('relayLeave')).toMatchObject({ uid: 'b' });
    clearInterval(timer);
  });

  test('a lost WebSocket is one session in the records, and one call', async () => {
    const a = await member('a', 'resumed');
    const b = await CallClient.connect(`ws://${base}/ws`);
    clients.push(b);
    const { sessionId } = await b.ask(joinOf('b', 'resumed'), 'respJoin');
    const timer = setInterval(() => a.send({ cmd: 'keepLive' }), 500);
    a.send({ cmd: 'offer', remoteUid: 'b', msg: 'o' });
    await b.next('relayOffer');
    b.send({ cmd: 'answer', remoteUid: 'a', msg: 'r' });
    await a.next('relayAnswer');
    b.send({ cmd: 'peerConnected', remoteUid: 'a', connectType: 'STUN' });
    await b.next('respPeerConnected');
    b.socket.terminate();
    const online = async (): Promise<unknown> => {
      const { items } = await gateway.json<{ items: Array<{ users: Array<{ uid: string; online: boolean }> }> }>(
        'GET',
        '/api/v1/calls?search=resumed',
      );
      return items[0]?.users.find(({ uid }) => uid === 'b')?.online;
    };
    await expect.poll(online).toBe(false);
    const again = await CallClient.connect(`ws://${base}/ws`);
    clients.push(again);
    const keepLive = { cmd: 'keepLive', appId: '10000', roomId: 'resumed', uid: 'b', sessionId };
    expect(await again.ask(keepLive, 'respKeepLive')).toMatchObject({ result: 0 });
    a.send({ cmd: 'candidate', remoteUid: 'b', msg: 'c' });
    expect(await again.next('relayCandidate')).toMatchObject({ uid: 'a', msg: 'c' });
    expect(a.has('relayLeave') || a.has('notifyNewPeer')).toBe(false);
    expect(await again.ask({ cmd: 'leave' }, 'respLeave')).toMatchObject({ result: 0 });
    await a.next('relayLeave');
    clearInterval(timer);

    const history = await openCallHistory({ kind: 'sqlite', folder: gateway.dataDir });
    const whenever = { from: 0, to: Date.now() + 60_000 };
    const left = async (): Promise<unknown> =>
      (await history.sessions(whenever, 1000)).filter(({ roomId, leftAt }) => roomId === 'resumed' && leftAt).length;
    await expect.poll(left, { timeout: 10_000 }).toBe(1);
    const sessions = (await history.sessions(whenever, 1000)).filter(({ roomId }) => roomId === 'resumed');
    expect(sessions.map(({ userId }) => userId).toSorted()).toEqual(['a', 'b']);
    const ids = sessions.flatMap(({ subSessionIds }) => subSessionIds);
    const pairs = (await history.subsessions(whenever, 1000)).filter(({ subSessionId }) => ids.includes(subSessionId));
    await history.close();
    expect(pairs.filter((pair) => pair.sessionId === sessionId)).toMatchObject([{ remoteUserId: 'a', status: 1 }]);
    expect(pairs).toHaveLength(2);
  });

  test('a half-open connection is noticed, and its user is put out in the end', async () => {
    const a = await member('a', 'half-open');
    const timer = setInterval(() => a.send({ cmd: 'keepLive', uid: 'a' }), 500);
    // A peer of its own making: it speaks WebSocket once, and never answers a ping.
    const [host, port] = base.split(':');
    const socket = connect(Number(port), host);
    await once(socket, 'connect');
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: ${base}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await once(socket, 'data');
    socket.write(masked(JSON.stringify(joinOf('half', 'half-open'))));
    expect(await a.next('notifyNewPeer')).toMatchObject({ uid: 'half' });
    const cut = once(socket, 'close');
    socket.resume();
    await cut;
    expect(await a.next('relayLeave')).toMatchObject({ uid: 'half' });
    clearInterval(timer);
  });

  test('who does not read is cut off; the others of a busy room go on', async () => {
    const a = await member('a', 'busy');
    const b = await member('b', 'busy');
    const slow = await member('slow', 'busy');
    slow.socket.pause();
    const msg = 'x'.repeat(60_000);
    for (let count = 0; count < 2000 && !a.has('respCandidate'); count += 1) {
      a.send({ cmd: 'candidate', remoteUid: 'slow', msg });
      a.send({ cmd: 'candidate', remoteUid: 'b', msg: { count } });
      expect(await b.next('relayCandidate')).toMatchObject({ msg: { count } });
      if (count % 50 === 0) b.send({ cmd: 'keepLive' });
    }
    expect(await a.next('respCandidate')).toMatchObject({ remoteUid: 'slow', result: 4 });
  });
});

/** RFC 6455 §5.2: one text frame as clients send them. */
function masked(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = 0x81;
  header[1] = 0x80 | 126;
  header.writeUInt16BE(payload.length, 2);
  // A mask of zeros changes nothing.
  return Buffer.concat([header, payload]);
}

describe('with tokens', () => {
  let tokens: Tokens;

  beforeAll(async () => {
    await start({ http: { auth: { enable: true } }, call: { 'token-warning': '2s' } });
    const secrets = JSON.parse(readFileSync(join(gateway.dataDir, 'secrets.json'), 'utf8')) as { signingKey: string };
    tokens = new Tokens(Buffer.from(secrets.signingKey, 'base64'));
  });
  afterAll(() => gateway.stop());

  const sign = async (room: string, ttlMs: number): Promise<string> =>
    (await tokens.signRoom({ app: '10000', room, user: 'a', rights: ['join'] }, ttlMs)).token;

  async function enter(token: string): Promise<[CallClient, CallMessage]> {
    const client = await CallClient.connect(`ws://${base}/ws`);
    clients.push(client);
    return [client, await client.ask({ ...joinOf('a', '22'), token }, 'respJoin')];
  }

  test('a join needs one of the room', async () => {
    const old = await tokens.signRoom({ app: '10000', room: '22', user: 'a', rights: ['join'] }, 1000);
    await expect.poll(() => Date.now() > old.expiresAt, { timeout: 5000 }).toBe(true);
    for (const [token, result] of [
      ['', 12],
      ['a.b.c', 12],
      [await sign('23', 60_000), 14],
      [old.token, 13],
    ] as const) {
      const [client, answer] = await enter(token);
      expect(answer).toMatchObject({ result, sessionId: '' });
      expect(await client.closed()).toEqual({ code: 1000, reason: 'wsForcedClose' });
    }
  });

  test('it is renewed when asked for, and enforced', async () => {
    const [client, answer] = await enter(await sign('22', 4000));
    expect(answer).toMatchObject({ result: 0 });
    await client.next('systemPromptToken');
    const renewed = { cmd: 'updateToken', appId: '10000', roomId: '22', uid: 'a', token: await sign('22', 4000) };
    expect(await client.ask(renewed, 'respUpdateToken')).toMatchObject({ result: 0 });
    await client.next('systemPromptToken');
    expect(await client.next('systemKickUser')).toMatchObject({ desc: 'token is expire' });
    expect(await client.closed()).toEqual({ code: 1000, reason: 'wsForcedClose' });
  });
});
