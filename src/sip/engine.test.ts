import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../util/index.ts';
import {
  createSipEngine,
  type Dialog,
  type IncomingRequest,
  type SipEngine,
  type SipEngineOptions,
  type SipProtocol,
  type Target,
  type WireMessage,
} from './index.ts';

const TIMERS = { t1: 20, t2: 80, t4: 100, d: 200 };
const engines: SipEngine[] = [];

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});

type Setup = Partial<Omit<SipEngineOptions, 'listen'>> & { protocol?: SipProtocol; address?: string };

async function start(onRequest: (incoming: IncomingRequest) => void, setup: Setup = {}): Promise<SipEngine> {
  const { protocol = 'udp', address = '127.0.0.1', ...options } = setup;
  const engine = await createSipEngine({
    listen: [{ protocol, address, port: 0 }],
    userAgent: 'test',
    timers: TIMERS,
    log: silentLogger,
    onRequest,
    ...options,
  });
  engines.push(engine);
  return engine;
}

function targetOf(engine: SipEngine): Target {
  const [listening] = engine.listening;
  if (listening === undefined) throw new TypeError('not listening');
  return listening;
}

const IDENTITY = {
  uri: 'sip:34020000001320000001@3402000000',
  from: 'sip:34020000002000000001@3402000000',
  to: 'sip:34020000001320000001@3402000000',
};

function ignore(): void {
  return undefined;
}

describe.each(['udp', 'tcp'] as const)('two engines over %s', (protocol) => {
  test('MESSAGE is answered', async () => {
    const body = Buffer.from([0xc9, 0xe3, 0xcf, 0xf1]);
    const bodies: Buffer[] = [];
    const server = await start(
      (incoming) => {
        bodies.push(incoming.request.body);
        incoming.reply(200, { headers: [['X-Seen', 'yes']], contentType: 'text/plain', body });
      },
      { protocol },
    );
    const client = await start(ignore, { protocol });
    const response = await client.request({ ...IDENTITY, method: 'MESSAGE', target: targetOf(server), body });
    expect(response).toMatchObject({ status: 200, reason: 'OK' });
    expect(response.headers.get('x-seen')).toBe('yes');
    expect([bodies[0]?.equals(body), response.body.equals(body)]).toEqual([true, true]);
  });

  test('INVITE, ACK, in-dialog INFO and MESSAGE, BYE from the caller', async () => {
    const methods: string[] = [];
    let accepted: Promise<Dialog> | undefined;
    const server = await start(
      (incoming) => {
        methods.push(incoming.request.method);
        if (incoming.request.method === 'INVITE')
          accepted = incoming.accept({ contactUser: 'cam', body: Buffer.from('v=0') });
        else incoming.reply(200);
      },
      { protocol },
    );
    const client = await start(ignore, { protocol });
    const dialog = await client.invite({ ...IDENTITY, target: targetOf(server) });
    const remote = await accepted!;
    const ended = once(remote, 'ended');
    expect((await dialog.request('INFO', { body: Buffer.from('PLAY') })).status).toBe(200);
    expect((await dialog.request('MESSAGE')).status).toBe(200);
    expect(dialog.established?.body.toString()).toBe('v=0');
    expect([server.counts.dialogs, client.counts.dialogs]).toEqual([1, 1]);
    await dialog.bye();
    expect(await ended).toEqual(['remote_bye']);
    expect(methods).toEqual(['INVITE', 'INFO', 'MESSAGE']);
    expect([server.counts.dialogs, client.counts.dialogs]).toEqual([0, 0]);
  });

  test('BYE and MESSAGE from the called side', async () => {
    let accepted: Promise<Dialog> | undefined;
    const seen: Array<string | undefined> = [];
    const server = await start((incoming) => void (accepted = incoming.accept({})), { protocol });
    const client = await start(
      (incoming) => {
        seen.push(incoming.dialog?.callId);
        incoming.reply(200);
      },
      { protocol },
    );
    const dialog = await client.invite({ ...IDENTITY, target: targetOf(server) });
    const remote = await accepted!;
    expect((await remote.request('MESSAGE')).status).toBe(200);
    expect(seen).toEqual([dialog.callId]);
    const ended = once(dialog, 'ended');
    await remote.bye();
    expect(await ended).toEqual(['remote_bye']);
  });
});

test('a wire trace shows each message once', async () => {
  const wires: WireMessage[] = [];
  const server = await start((incoming) => incoming.reply(200), { onWire: (wire) => void wires.push(wire) });
  const client = await start(ignore);
  await client.request({ ...IDENTITY, method: 'OPTIONS', target: targetOf(server) });
  expect(wires.map(({ direction, message, retransmission }) => [direction, message.kind, retransmission])).toEqual([
    ['in', 'request', false],
    ['out', 'response', false],
  ]);
});
