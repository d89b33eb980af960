import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openCallHistory } from '../../src/store/index.ts';
import { CallClient, type CallMessage } from '../support/call-client.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { openReverseProxy, type ReverseProxy } from '../support/reverse-proxy.ts';

const PROXY = '127.7.0.1';
/** Two networks, each with an ICE server and callers. */
const NEAR = { ice: '127.64.0.1', users: ['127.64.0.7', '127.64.0.9'] } as const;
const FAR = { ice: '127.128.0.1', users: ['127.128.0.7', '127.128.0.9'] } as const;

let gateway: GatewayProcess;
let proxy: ReverseProxy;
const clients: CallClient[] = [];
/** What a client claims of itself. */
const FORGED = { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'http' };

beforeAll(async () => {
  const account = { username: 'u', credential: 'c' };
  gateway = await startGatewayProcess({
    config: {
      http: { host: '127.0.0.1', 'srs-listen': 0, auth: { enable: false }, 'trusted-proxies': [PROXY] },
      call: { apps: [] },
      ice: {
        servers: [
          { ip: NEAR.ice, ...account },
          { ip: FAR.ice, ...account },
        ],
      },
    },
  });
  proxy = await openReverseProxy({ address: PROXY, targetPort: gateway.httpPort, host: 'video.example.org' });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.socket.terminate();
});
afterAll(async () => {
  await proxy.close();
  await gateway.stop();
});

/** Joins through the proxy, or past it, as whoever has this address. */
async function join(uid: string, address: string, past = false): Promise<CallClient> {
  const [host, port] = past ? ['127.0.0.1', gateway.httpPort] : [PROXY, proxy.port];
  const client = await CallClient.connect(`ws://${host}:${port}/ws`, FORGED, address);
  clients.push(client);
  const message = {
    cmd: 'join',
    appId: '10000',
    roomId: address.slice(0, 7),
    uid,
    uname: uid,
    userType: 0,
    talkType: 1,
    time: '1',
  };
  expect(await client.ask(message, 'respJoin')).toMatchObject({ result: 0 });
  return client;
}

/** Through the proxy; answers with the JSON of the answer. */
async function post(path: string, address: string, body: unknown): Promise<unknown> {
  const headers = { ...FORGED, 'content-type': 'application/json' };
  const asking = request({ host: PROXY, port: proxy.port, localAddress: address, method: 'POST', path, headers });
  asking.end(JSON.stringify(body));
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  return JSON.parse(await text(answer));
}

const iceOf = ({ rtcConfig }: CallMessage): unknown =>
  (rtcConfig as { iceServers: Array<{ urls: string[] }> }).iceServers.map(({ urls }) => urls[0]);

/** Address of each user in the records of calls, once there are so many. */
async function recordedAddresses(users: number): Promise<Record<string, string>> {
  const history = await openCallHistory({ kind: 'sqlite', folder: gateway.dataDir });
  const read = () => history.sessions({ from: 0, to: Date.now() + 60_000 }, 1000);
  await expect.poll(async () => (await read()).length, { timeout: 10_000 }).toBe(users);
  const sessions = await read();
  await history.close();
  return Object.fromEntries(sessions.map(({ userId, userIp }) => [userId, userIp]));
}

test('behind the proxy callers have their own addresses: in records, and for the choice of ICE servers', async () => {
  for (const { ice, users } of [NEAR, FAR]) {
    const [one, other] = users;
    const first = await join(`${one} first`, one);
    const second = await join(`${other} second`, other);
    const told = await first.next('notifyNewPeer');
    expect(iceOf(told)).toEqual([`turn:${ice}:3478?transport=udp`, `stun:${ice}:3478`]);
    for (const client of [first, second]) await client.ask({ cmd: 'leave' }, 'respLeave');
  }
  // Nobody believes who comes past the proxy.
  const past = await join('past', '127.128.0.7', true);
  await past.ask({ cmd: 'leave' }, 'respLeave');
  expect(await recordedAddresses(5)).toEqual({
    '127.64.0.7 first': '127.64.0.7',
    '127.64.0.9 second': '127.64.0.9',
    '127.128.0.7 first': '127.128.0.7',
    '127.128.0.9 second': '127.128.0.9',
    past: '127.128.0.7',
  });
});

test('URLs name the host and scheme of the proxy', async () => {
  const login = { protocol: 'req', cmd: 'login', appId: '10000', url: 'http://video.example.org/' };
  expect(await post('/login', NEAR.users[0], login)).toMatchObject({ roomServer: 'wss://video.example.org/ws' });
});
