import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { RawSipPeer, headerOf, respond } from '../../test/support/raw-sip-peer.ts';
import { SHORT_TIMERS, listeningOf, testEngine } from '../../test/support/sip-engine.ts';
import { silentLogger } from '../util/index.ts';
import {
  ListenError,
  SipTransportError,
  createSipEngine,
  type Dialog,
  type Flow,
  type IncomingRequest,
  type SipEngine,
  type SipEngineOptions,
} from './index.ts';

const closing: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(
  onRequest: (request: IncomingRequest) => void = (request) => request.reply(200),
  options: Partial<SipEngineOptions> = {},
): Promise<SipEngine> {
  const engine = await testEngine(onRequest, options);
  closing.push(() => engine.close());
  return engine;
}

async function rawPeer(address?: string): Promise<RawSipPeer> {
  const peer = await RawSipPeer.open(address);
  closing.push(() => peer.close());
  return peer;
}

async function tcpPeer(engine: SipEngine): Promise<{ socket: Socket; text: () => string }> {
  const { address, port } = listeningOf(engine, 'tcp');
  const socket = connect(port, address);
  closing.push(() => socket.destroy());
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => socket.destroy());
  return { socket, text: () => text };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}

function raw(method: string, extra = '', body = ''): string {
  return (
    `${method} sip:3402@3402000000 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.99:5060;rport;branch=z9hG4bK-${method}\n` +
    `From: <sip:1320@3402000000>;tag=dev\nTo: <sip:3402@3402000000>\nCall-ID: ${method}\nCSeq: 1 ${method}\n` +
    `Max-Forwards: 70\n${extra}Content-Length: ${body.length}\n\n${body}`
  );
}

const TCP: Partial<SipEngineOptions> = { listen: [{ protocol: 'tcp', address: '127.0.0.1', port: 0 }] };
const IDENTITY = { uri: 'sip:1320@3402000000', from: 'sip:3402@3402000000', to: 'sip:1320@3402000000' };

describe('requests of devices', () => {
  const handedUp = [
    { name: 'quirk: OPTIONS ping', method: 'OPTIONS', extra: '' },
    { name: 'quirk: Route header in REGISTER', method: 'REGISTER', extra: 'Route: <sip:3402@3402000000;lr>\n' },
    { name: 'quirk: unsolicited NOTIFY', method: 'NOTIFY', extra: 'Event: presence\n' },
    { name: 'quirk: NOTIFY with the tag of a lost dialog', method: 'NOTIFY', extra: 'To: <sip:a@b>;tag=old\n' },
    { name: 'quirk: SUBSCRIBE without Expires', method: 'SUBSCRIBE', extra: 'Event: Catalog\n' },
    { name: 'quirk: REGISTER without Expires', method: 'REGISTER', extra: 'Contact: <sip:1320@192.0.2.99>\n' },
    { name: 'Path in REGISTER', method: 'REGISTER', extra: 'Path: <sip:p1;lr>, <sip:p2;lr>\nRequire: path\n' },
  ];
  test.each(handedUp)('$name is handed up and answered', async ({ method, extra }) => {
    const seen: IncomingRequest[] = [];
    const engine = await start((request) => {
      seen.push(request);
      request.reply(200);
    });
    const peer = await rawPeer();
    const text = extra.startsWith('To:') ? raw(method).replace(/To: .*\n/, extra) : raw(method, extra);
    peer.send(text, listeningOf(engine));
    expect(await peer.message(0)).toMatch(/^SIP\/2.0 200 /);
    expect(seen[0]?.request.method).toBe(method);
    expect(seen[0]?.dialog).toBeUndefined();
    if (extra.startsWith('Path'))
      expect(seen[0]?.request.headers.getAll('Path')).toEqual(['<sip:p1;lr>', '<sip:p2;lr>']);
  });

  test('quirk: line ends alone keep a NAT binding alive and are no error', async () => {
    const malformed: string[] = [];
    const engine = await start(undefined, { onMalformed: (reason) => void malformed.push(reason) });
    const peer = await rawPeer();
    peer.send(Buffer.from('\r\n\r\n'), listeningOf(engine));
    peer.send(Buffer.from('\0\0\0\0'), listeningOf(engine));
    peer.send(Buffer.from('garbage'), listeningOf(engine));
    peer.send(raw('OPTIONS'), listeningOf(engine));
    await peer.message(0);
    expect(malformed).toEqual(['not_sip']);
  });

  test('quirk: BYE whose From tag is wrong still ends its dialog', async () => {
    const engine = await start();
    const peer = await rawPeer();
    const target = { protocol: 'udp', address: '127.0.0.1', port: peer.port } as const;
    const answer = engine.invite({ ...IDENTITY, target });
    const invite = await peer.message(0);
    peer.send(respond(invite, '200 OK'), listeningOf(engine));
    const dialog = await answer;
    const ended = once(dialog, 'ended');
    const bye = raw('BYE')
      .replace(/To: .*\n/, `To: ${headerOf(invite, 'From')}\n`)
      .replace(/Call-ID: .*\n/, `Call-ID: ${headerOf(invite, 'Call-ID')}\n`);
    peer.send(bye, listeningOf(engine));
    expect(await ended).toEqual(['remote_bye']);
  });

  test('quirk: a device that moved is called on its new address, a CSeq of the past is refused', async () => {
    let accepted: Promise<Dialog> | undefined;
    const engine = await start((request) => {
      if (request.request.method === 'INVITE') accepted = request.accept({});
      else request.reply(200);
    });
    const [one, two] = [await rawPeer(), await rawPeer()];
    const inDialog = (method: string, cseq: number, to: string): string =>
      raw(method)
        .replace(/Call-ID: .*\n/, 'Call-ID: INVITE\n')
        .replace(/CSeq: .*\n/, `CSeq: ${cseq} ${method}\n`)
        .replace(/To: .*\n/, `To: ${to}\n`);
    one.send(raw('INVITE').replace('CSeq: 1', 'CSeq: 5'), listeningOf(engine));
    const to = headerOf(await one.message(0), 'To');
    one.send(inDialog('ACK', 5, to), listeningOf(engine));
    const dialog = await accepted!;
    two.send(inDialog('INFO', 6, to), listeningOf(engine));
    expect(await two.message(0)).toMatch(/^SIP\/2.0 200 /);
    expect(dialog.flow.remotePort).toBe(two.port);
    two.send(inDialog('INFO', 4, to).replace('K-INFO', 'K-old'), listeningOf(engine));
    expect(await two.message(1)).toMatch(/^SIP\/2.0 500 /);
    void dialog.bye();
    await until(() => two.received.some((text) => text.startsWith('BYE')));
  });
});

describe('TCP', () => {
  test('quirk: garbage, then a message with a wrong Content-Length, then another one', async () => {
    const bodies: string[] = [];
    const malformed: string[] = [];
    const engine = await start(
      (request) => {
        bodies.push(request.request.body.toString());
        request.reply(200);
      },
      { ...TCP, onMalformed: (reason) => void malformed.push(reason) },
    );
    const { socket, text } = await tcpPeer(engine);
    const wrong = raw('MESSAGE', 'Content-Type: a/b\n', '<a/>').replace('Content-Length: 4', 'Content-Length: 0');
    socket.write(`garbage\r\n${wrong}\n${raw('OPTIONS')}`.replaceAll(/\r?\n/g, '\r\n'));
    await until(() => (text().match(/SIP\/2.0 200/g) ?? []).length === 2);
    expect(bodies[0]?.trim()).toBe('<a/>');
    expect(malformed).toEqual(['lost_sync']);
  });

  test('a double CRLF is answered by a single one, a closed connection is told', async () => {
    const closed: Flow[] = [];
    const engine = await start(undefined, { ...TCP, onFlowClosed: (flow) => void closed.push(flow) });
    const { socket, text } = await tcpPeer(engine);
    socket.write('\r\n\r\n');
    await until(() => text() === '\r\n');
    expect(engine.counts.connections).toBe(1);
    socket.destroy();
    await until(() => closed.length === 1);
    expect([closed[0]?.closed, closed[0]?.protocol, engine.counts.connections]).toEqual([true, 'tcp', 0]);
    await expect(engine.request({ ...IDENTITY, method: 'MESSAGE', target: closed[0]! })).rejects.toBeInstanceOf(
      SipTransportError,
    );
  });

  test('requests go back over the connection of the peer', async () => {
    const flows: Flow[] = [];
    const engine = await start((request) => {
      flows.push(request.flow);
      request.reply(200);
    }, TCP);
    const { socket, text } = await tcpPeer(engine);
    socket.write(raw('REGISTER').replaceAll('\n', '\r\n'));
    await until(() => flows.length === 1);
    const answer = engine.request({ ...IDENTITY, method: 'MESSAGE', target: flows[0]! });
    await until(() => text().includes('MESSAGE sip:1320'));
    socket.write(respond(text().slice(text().indexOf('MESSAGE sip:')), '200 OK').replaceAll('\n', '\r\n'));
    expect((await answer).status).toBe(200);
  });

  test('a connection that is lost fails the requests on it at once', async () => {
    const flows: Flow[] = [];
    const engine = await start((request) => void flows.push(request.flow), TCP);
    const { socket, text } = await tcpPeer(engine);
    socket.write(raw('REGISTER').replaceAll('\n', '\r\n'));
    await until(() => flows.length === 1);
    const answer = engine.request({ ...IDENTITY, method: 'MESSAGE', target: flows[0]! });
    await until(() => text().includes('MESSAGE sip:1320'));
    socket.destroy();
    await expect(answer).rejects.toBeInstanceOf(SipTransportError);
  });

  test('nobody listens: a transport error that names the peer', async () => {
    const engine = await start(undefined, TCP);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    server.close();
    await once(server, 'close');
    const target = { protocol: 'tcp', address: '127.0.0.1', port } as const;
    await expect(engine.request({ ...IDENTITY, method: 'MESSAGE', target })).rejects.toThrow(`127.0.0.1:${port}`);
  });
});

describe('quirk: requests over 1300 bytes', () => {
  const body = Buffer.alloc(2_000, 'x');

  test('go by TCP where the peer has it', async () => {
    const flows: Flow[] = [];
    const peer = await start((request) => {
      flows.push(request.flow);
      request.reply(200);
    }, TCP);
    const { port } = listeningOf(peer, 'tcp');
    const engine = await start();
    const target = { protocol: 'udp', address: '127.0.0.1', port } as const;
    expect((await engine.request({ ...IDENTITY, method: 'MESSAGE', target, body })).status).toBe(200);
    expect((await engine.request({ ...IDENTITY, method: 'MESSAGE', target, body })).status).toBe(200);
    expect(new Set(flows.map(({ id }) => id)).size).toBe(1);
  });

  test('go by UDP where it has not', async () => {
    const seen: number[] = [];
    const peer = await start((request) => {
      seen.push(request.request.body.length);
      request.reply(200);
    });
    const engine = await start();
    const answer = await engine.request({ ...IDENTITY, method: 'MESSAGE', target: listeningOf(peer), body });
    expect([answer.status, seen]).toEqual([200, [2_000]]);
  });
});

describe('listening', () => {
  test('IPv6', async () => {
    const listen = [{ protocol: 'udp', address: '::1', port: 0 }] as const;
    const engine = await start(undefined, { listen });
    const peer = await rawPeer('::1');
    peer.send(raw('OPTIONS'), listeningOf(engine));
    expect(headerOf(await peer.message(0), 'Via')).toContain('received=::1');
    const answer = engine.request({ ...IDENTITY, method: 'OPTIONS', target: { ...listen[0], port: peer.port } });
    expect(headerOf(await peer.message(1), 'Via')).toMatch(/^SIP\/2.0\/UDP \[::1\]:\d+;rport;/);
    peer.send(respond(await peer.message(1), '200 OK'), listeningOf(engine));
    expect((await answer).status).toBe(200);
  });

  test('a wildcard names the address of the path in Via and Contact', async () => {
    const engine = await start(undefined, { listen: [{ protocol: 'udp', address: '0.0.0.0', port: 0 }] });
    const peer = await rawPeer();
    const target = { protocol: 'udp', address: '127.0.0.1', port: peer.port } as const;
    const answer = engine.request({ ...IDENTITY, method: 'REGISTER', target });
    const sent = await peer.message(0);
    const { port } = listeningOf(engine);
    expect(headerOf(sent, 'Contact')).toBe(`<sip:3402@127.0.0.1:${port}>`);
    expect(headerOf(sent, 'Via')).toContain(`127.0.0.1:${port};`);
    peer.send(respond(sent, '200 OK'), { address: '127.0.0.1', port });
    await answer;
  });

  test('the advertised host goes before it', async () => {
    const engine = await start(undefined, { advertisedHost: 'gw.example' });
    const peer = await rawPeer();
    const target = { protocol: 'udp', address: '127.0.0.1', port: peer.port } as const;
    const answer = engine.request({ ...IDENTITY, method: 'MESSAGE', target, contactUser: 'u;x=y' });
    const sent = await peer.message(0);
    expect(headerOf(sent, 'Contact')).toBe(`<sip:u@gw.example:${listeningOf(engine).port};x=y>`);
    peer.send(respond(sent, '200 OK'), listeningOf(engine));
    await answer;
  });

  test.each(['udp', 'tcp'] as const)('a taken %s port is named, and nothing stays open', async (protocol) => {
    const engine = await start(undefined, { listen: [{ protocol, address: '127.0.0.1', port: 0 }] });
    const { port } = listeningOf(engine, protocol);
    const failing = createSipEngine({
      listen: [
        { protocol: 'udp', address: '127.0.0.1', port: 0 },
        { protocol, address: '127.0.0.1', port },
      ],
      userAgent: 'test',
      log: silentLogger,
      timers: SHORT_TIMERS,
      onRequest: () => undefined,
    });
    await expect(failing).rejects.toBeInstanceOf(ListenError);
    await expect(failing).rejects.toThrow(`cannot listen on ${protocol} 127.0.0.1:${port}: EADDRINUSE`);
    await expect(failing).rejects.toMatchObject({ code: 'listen_failed' });
  });

  test('close twice changes nothing', async () => {
    const engine = await start();
    await Promise.all([engine.close(), engine.close()]);
    expect(engine.counts).toEqual({ transactions: 0, dialogs: 0, connections: 0 });
  });
});

describe('routes and subscriptions', () => {
  test('Record-Route of a 2xx becomes the route set, in reverse', async () => {
    const engine = await start();
    const peer = await rawPeer();
    const target = { protocol: 'udp', address: '127.0.0.1', port: peer.port } as const;
    const answer = engine.invite({ ...IDENTITY, target });
    const routes = 'Record-Route: <sip:p2;lr>, <sip:p1;lr>\nContact: <sip:cam@192.0.2.1>\n';
    peer.send(respond(await peer.message(0), '200 OK', routes), listeningOf(engine));
    const dialog = await answer;
    const ack = await peer.message(1);
    expect(ack).toMatch(/^ACK sip:cam@192.0.2.1 SIP\/2.0/);
    expect(ack.match(/^Route: .*$/gm)?.map((line) => line.trim())).toEqual([
      'Route: <sip:p1;lr>',
      'Route: <sip:p2;lr>',
    ]);
    void dialog.bye();
    peer.send(respond(await peer.message(2), '200 OK'), listeningOf(engine));
    await until(() => dialog.ended);
  });

  test('quirk: the 200 to SUBSCRIBE and the NOTIFY lack Expires (Huawei)', async () => {
    const notified: Array<Dialog | undefined> = [];
    const engine = await start((request) => {
      notified.push(request.dialog);
      request.reply(200);
    });
    const peer = await rawPeer();
    const subscribing = engine.subscribe({
      ...IDENTITY,
      target: { protocol: 'udp', address: '127.0.0.1', port: peer.port },
      headers: [['Event', 'Catalog']],
    });
    const subscribe = await peer.message(0);
    peer.send(respond(subscribe, '200 OK'), listeningOf(engine));
    const { dialog } = await subscribing;
    peer.send(
      `NOTIFY sip:x@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bKn\n` +
        `From: ${headerOf(subscribe, 'To')};tag=peer\nTo: ${headerOf(subscribe, 'From')}\n` +
        `Call-ID: ${headerOf(subscribe, 'Call-ID')}\nCSeq: 1 NOTIFY\nEvent: Catalog\nContent-Length: 0\n\n`,
      listeningOf(engine),
    );
    expect(await peer.message(1)).toMatch(/^SIP\/2.0 200/);
    expect([notified, dialog.ended]).toEqual([[dialog], false]);
  });

  test('SUBSCRIBE makes a dialog: NOTIFY comes with it, bye sends Expires 0', async () => {
    const expires: Array<string | undefined> = [];
    let notifier: Promise<Dialog> | undefined;
    const device = await start((request) => {
      expires.push(request.request.headers.get('expires'));
      if (request.dialog === undefined) notifier = request.accept({ headers: [['Expires', '600']] });
      else request.reply(200);
    });
    const notified: Array<Dialog | undefined> = [];
    const engine = await start((request) => {
      notified.push(request.dialog);
      request.reply(200);
    });
    const headers = [
      ['Event', 'Catalog'],
      ['Expires', '600'],
    ] as const;
    const { dialog } = await engine.subscribe({ ...IDENTITY, target: listeningOf(device), headers });
    const remote = await notifier!;
    expect((await remote.request('NOTIFY', { headers: [['Event', 'Catalog']] })).status).toBe(200);
    expect(notified).toEqual([dialog]);
    await dialog.bye();
    expect(expires).toEqual(['600', '0']);
    await until(() => device.counts.dialogs === 0 && engine.counts.dialogs === 0);
  });
});
