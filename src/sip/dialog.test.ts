import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RawSipPeer, headerOf, respond } from '../../test/support/raw-sip-peer.ts';
import { listeningOf, testEngine } from '../../test/support/sip-engine.ts';
import { routeRequest } from './dialog.ts';
import { SipAbortedError, SipRejectedError, type Dialog, type IncomingRequest, type SipEngine } from './index.ts';

let peer: RawSipPeer;
let engine: SipEngine;
let incoming: IncomingRequest[];

beforeEach(async () => {
  incoming = [];
  peer = await RawSipPeer.open();
  engine = await testEngine((request) => void incoming.push(request));
});

afterEach(async () => {
  peer.close();
  await engine.close();
});

const IDENTITY = { uri: 'sip:1320@3402000000', from: 'sip:3402@3402000000', to: 'sip:1320@3402000000' };
const CREDENTIALS = { username: 'u', password: 'p' };
const CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n"\n';

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}

/** First message of the engine that starts so and was not given out before. */
async function next(prefix: string): Promise<string> {
  await until(() => peer.received.some((text) => text.startsWith(prefix)));
  const at = peer.received.findIndex((text) => text.startsWith(prefix));
  return peer.received.splice(at, 1)[0] ?? '';
}

function answer(request: string, status: string, extra = ''): void {
  peer.send(respond(request, status, extra), listeningOf(engine));
}

function target() {
  return { protocol: 'udp', address: '127.0.0.1', port: peer.port } as const;
}

async function dialogOf(extra = ''): Promise<{ dialog: Dialog; invite: string }> {
  const pending = engine.invite({ ...IDENTITY, target: target(), credentials: CREDENTIALS });
  const invite = await next('INVITE');
  answer(invite, '200 OK', extra);
  const dialog = await pending;
  await next('ACK');
  return { dialog, invite };
}

/** A request of the peer inside of the dialog that the engine's INVITE made. */
function inside(method: string, invite: string, cseq = 1): string {
  return (
    `${method} sip:x@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bK${method}${cseq}\n` +
    `From: ${headerOf(invite, 'To')};tag=peer\nTo: ${headerOf(invite, 'From')}\nCall-ID: ${headerOf(invite, 'Call-ID')}\n` +
    `CSeq: ${cseq} ${method}\nContact: <sip:moved@192.0.2.7>\nContent-Length: 0\n\n`
  );
}

describe('caller', () => {
  test('INVITE answers a challenge, and its ACK carries the credentials', async () => {
    const pending = engine.invite({ ...IDENTITY, target: target(), credentials: CREDENTIALS, cseq: 1 });
    answer(await next('INVITE'), '401 Unauthorized', CHALLENGE);
    await next('ACK');
    const second = await next('INVITE');
    expect([headerOf(second, 'CSeq'), headerOf(second, 'Authorization')]).toEqual([
      '2 INVITE',
      expect.stringContaining('username="u"'),
    ]);
    answer(second, '200 OK');
    await pending;
    const ack = await next('ACK');
    expect(headerOf(ack, 'Authorization')).toBe(headerOf(second, 'Authorization'));
  });

  test('a second challenge is a rejection', async () => {
    const pending = engine.invite({ ...IDENTITY, target: target(), credentials: CREDENTIALS, cseq: 1 });
    answer(await next('INVITE'), '401 Unauthorized', CHALLENGE);
    await until(() => peer.received.some((text) => headerOf(text, 'CSeq') === '2 INVITE'));
    answer(peer.received.find((text) => headerOf(text, 'CSeq') === '2 INVITE') ?? '', '401 Unauthorized', CHALLENGE);
    await expect(pending).rejects.toBeInstanceOf(SipRejectedError);
  });

  test.each(['-1', '0'])('quirk: Contact with port %s: it is left out, the path stays', async (port) => {
    const { dialog } = await dialogOf(`Contact: <sip:cam@127.0.0.1:${port}>\n`);
    const bye = dialog.bye();
    const text = await next('BYE');
    expect(text).toMatch(/^BYE sip:cam@127\.0\.0\.1 SIP/);
    answer(text, '200 OK');
    await bye;
  });

  test('requests inside of a dialog answer a challenge and count their CSeq', async () => {
    const { dialog, invite } = await dialogOf();
    const pending = dialog.request('INFO', { body: Buffer.from('x'), contentType: 'a/b', headers: [['X-A', 'b']] });
    const first = await next('INFO');
    answer(first, '401 Unauthorized', CHALLENGE);
    await until(() => peer.received.some((text) => headerOf(text, 'Authorization') !== ''));
    const second = peer.received.find((text) => headerOf(text, 'Authorization') !== '') ?? '';
    answer(second, '200 OK');
    expect((await pending).status).toBe(200);
    const numbers = [invite, first, second].map((text) => Number.parseInt(headerOf(text, 'CSeq'), 10));
    expect(numbers.map((each) => each - (numbers[0] ?? 0))).toEqual([0, 1, 2]);
    expect([headerOf(second, 'X-A'), headerOf(second, 'Content-Type')]).toEqual(['b', 'a/b']);
  });

  test('481 ends the dialog; then requests are refused and bye does nothing', async () => {
    const { dialog } = await dialogOf();
    const ended = once(dialog, 'ended');
    const pending = dialog.request('INFO');
    answer(await next('INFO'), '481 Gone');
    expect((await pending).status).toBe(481);
    expect(await ended).toEqual(['timeout']);
    await dialog.bye();
    await expect(dialog.request('INFO')).rejects.toBeInstanceOf(SipAbortedError);
  });

  test('UPDATE of either side moves the target', async () => {
    const { dialog, invite } = await dialogOf('Contact: <sip:cam@192.0.2.1>\n');
    const pending = dialog.request('UPDATE');
    const update = await next('UPDATE');
    expect([update.split(' ')[1], headerOf(update, 'Contact')]).toEqual([
      'sip:cam@192.0.2.1',
      `<sip:3402@127.0.0.1:${listeningOf(engine).port}>`,
    ]);
    answer(update, '200 OK', 'Contact: <sip:new@192.0.2.2>\n');
    await pending;
    peer.send(inside('UPDATE', invite), listeningOf(engine));
    await until(() => incoming.length === 1);
    expect(incoming[0]?.dialog).toBe(dialog);
    incoming[0]?.reply(200);
    void dialog.bye();
    expect((await next('BYE')).split(' ')[1]).toBe('sip:moved@192.0.2.7');
  });

  test('retarget sends to another address', async () => {
    const { dialog } = await dialogOf();
    const other = await RawSipPeer.open();
    other.send(
      'OPTIONS sip:a SIP/2.0\nVia: SIP/2.0/UDP a;branch=z9hG4bKo\nFrom: <sip:a>;tag=1\nTo: <sip:b>\nCall-ID: o\nCSeq: 1 OPTIONS\n\n',
      listeningOf(engine),
    );
    await until(() => incoming.length === 1);
    await dialog.retarget(incoming[0]!.flow);
    await delay(1);
    void dialog.bye();
    expect(await other.message(0)).toMatch(/^BYE /);
    other.close();
  });

  test('a 2xx of another branch of a fork is acknowledged and ended', async () => {
    const { invite } = await dialogOf();
    peer.send(respond(invite, '200 OK').replace(';tag=peer', ';tag=fork'), listeningOf(engine));
    expect(headerOf(await next('ACK'), 'To')).toContain('tag=fork');
    expect(headerOf(await next('BYE'), 'To')).toContain('tag=fork');
    expect(engine.counts.dialogs).toBe(2);
  });

  test('SUBSCRIBE that is refused', async () => {
    const pending = engine.subscribe({ ...IDENTITY, target: target() });
    answer(await next('SUBSCRIBE'), '489 Bad Event');
    await expect(pending).rejects.toMatchObject({ code: 'sip_rejected', response: { status: 489 } });
  });

  test('NOTIFY with the end of the subscription ends the dialog', async () => {
    const pending = engine.subscribe({ ...IDENTITY, target: target() });
    const subscribe = await next('SUBSCRIBE');
    answer(subscribe, '200 OK');
    const { dialog } = await pending;
    const ended = once(dialog, 'ended');
    const notify = inside('NOTIFY', subscribe).replace(
      'Contact:',
      'Subscription-State: terminated;reason=timeout\nContact:',
    );
    peer.send(notify, listeningOf(engine));
    expect(await ended).toEqual(['remote_bye']);
    expect(incoming).toHaveLength(1);
  });
});

describe('called side', () => {
  const INVITE =
    'INVITE sip:3402@3402000000 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKi\nFrom: <sip:dev@a>;tag=dev\n' +
    'To: <sip:3402@3402000000>\nCall-ID: in\nCSeq: 1 INVITE\nContact: <sip:dev@192.0.2.9>\nRecord-Route: <sip:p1;lr>\nContent-Length: 0\n\n';

  test('BYE before the ACK fails accept; a second accept fails as well', async () => {
    peer.send(INVITE, listeningOf(engine));
    await until(() => incoming.length === 1);
    const accepted = incoming[0]!.accept({});
    const failed = expect(accepted).rejects.toBeInstanceOf(SipAbortedError);
    const ok = await next('SIP/2.0 200');
    expect(headerOf(ok, 'Record-Route')).toBe('<sip:p1;lr>');
    await expect(incoming[0]!.accept({})).rejects.toBeInstanceOf(SipAbortedError);
    const bye = INVITE.replaceAll('INVITE', 'BYE')
      .replace(/To: .*\n/, `To: ${headerOf(ok, 'To')}\n`)
      .replace('K' + 'i', 'Kb');
    peer.send(bye.replace('CSeq: 1', 'CSeq: 2'), listeningOf(engine));
    await failed;
    expect(engine.counts.dialogs).toBe(0);
  });

  test('a re-INVITE is accepted into the same dialog', async () => {
    peer.send(INVITE, listeningOf(engine));
    await until(() => incoming.length === 1);
    const accepted = incoming[0]!.accept({});
    const to = headerOf(await next('SIP/2.0 200'), 'To');
    const within = (method: string, cseq: number): string =>
      INVITE.replace(/^INVITE/, method)
        .replace('CSeq: 1 INVITE', `CSeq: ${cseq} ${method}`)
        .replace(/To: .*\n/, `To: ${to}\n`)
        .replace('z9hG4bKi', `z9hG4bK${method}${cseq}`);
    peer.send(within('ACK', 1), listeningOf(engine));
    const dialog = await accepted;
    peer.send(within('INVITE', 2), listeningOf(engine));
    await until(() => incoming.length === 2);
    const again = incoming[1]!.accept({});
    await until(() =>
      peer.received.some((text) => headerOf(text, 'CSeq') === '2 INVITE' && text.startsWith('SIP/2.0 200')),
    );
    peer.send(within('ACK', 2), listeningOf(engine));
    expect(await again).toBe(dialog);
    expect(engine.counts.dialogs).toBe(1);
  });

  test('accept is for INVITE and SUBSCRIBE; close fails the one that waits', async () => {
    peer.send(INVITE.replaceAll('INVITE', 'MESSAGE'), listeningOf(engine));
    await until(() => incoming.length === 1);
    await expect(incoming[0]!.accept({})).rejects.toThrow('accept is for INVITE and SUBSCRIBE, not MESSAGE');
    peer.send(INVITE, listeningOf(engine));
    await until(() => incoming.length === 2);
    const waiting = expect(incoming[1]!.accept({})).rejects.toBeInstanceOf(SipAbortedError);
    await next('SIP/2.0 200');
    await engine.close();
    await waiting;
  });
});

test.each([
  { name: 'no routes', routes: [], expected: { uri: 'sip:t@h', routes: [] } },
  { name: 'loose', routes: ['<sip:p1;lr>'], expected: { uri: 'sip:t@h', routes: ['<sip:p1;lr>'] } },
  {
    name: 'strict',
    routes: ['<sip:p1>', '<sip:p2;lr>'],
    expected: { uri: 'sip:p1', routes: ['<sip:p2;lr>', '<sip:t@h>'] },
  },
])('routeRequest: $name', ({ routes, expected }) => {
  expect(routeRequest('sip:t@h', routes)).toEqual(expected);
});
