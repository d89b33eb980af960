import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RawSipPeer, headerOf, respond } from '../../test/support/raw-sip-peer.ts';
import { SHORT_TIMERS, listeningOf, testEngine } from '../../test/support/sip-engine.ts';
import {
  SipAbortedError,
  SipRejectedError,
  SipTimeoutError,
  type Dialog,
  type IncomingRequest,
  type SipEngine,
  type SipEngineOptions,
  type WireMessage,
} from './index.ts';

let peer: RawSipPeer;
let engine: SipEngine;
let incoming: IncomingRequest[];
let wires: WireMessage[];

beforeEach(async () => {
  incoming = [];
  wires = [];
  peer = await RawSipPeer.open();
});

afterEach(async () => {
  peer.close();
  await engine.close();
});

async function start(
  onRequest: (request: IncomingRequest) => void = (request) => void incoming.push(request),
  options: Partial<SipEngineOptions> = {},
): Promise<void> {
  engine = await testEngine(onRequest, { onWire: (wire) => void wires.push(wire), ...options });
}

const TO_PEER = { uri: 'sip:34020000001320000001@3402000000', from: 'sip:3402@3402000000', to: 'sip:1320@3402000000' };

function outgoing(method: string) {
  return { ...TO_PEER, method, target: { protocol: 'udp', address: '127.0.0.1', port: peer.port } } as const;
}

function send(text: string): void {
  peer.send(text, listeningOf(engine));
}

interface RawRequest {
  readonly cseq?: number;
  readonly branch?: string;
  readonly toTag?: string;
  readonly callId?: string;
  readonly extra?: string;
}

function raw(
  method: string,
  { cseq = 1, branch = 'z9hG4bK-a', toTag, callId = 'call', extra = '' }: RawRequest = {},
): string {
  return (
    `${method} sip:3402@3402000000 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.99:5060;rport;branch=${branch}\n` +
    `From: <sip:1320@3402000000>;tag=dev\nTo: <sip:3402@3402000000>${toTag === undefined ? '' : `;tag=${toTag}`}\n` +
    `Call-ID: ${callId}\nCSeq: ${cseq} ${method}\nContact: <sip:1320@192.0.2.99:5060>\nMax-Forwards: 70\n${extra}` +
    `Content-Length: 0\n\n`
  );
}

/** Waits for a condition that events of the loop bring about. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}

function starting(prefix: string): string[] {
  return peer.received.filter((text) => text.startsWith(prefix));
}

describe('server transactions, RFC 3261 §17.2', () => {
  test('replies go to the source address, received and rport are filled in', async () => {
    await start((request) => request.reply(200));
    send(raw('OPTIONS'));
    const via = headerOf(await peer.message(0), 'Via');
    expect(via).toBe(`SIP/2.0/UDP 192.0.2.99:5060;rport=${peer.port};branch=z9hG4bK-a;received=127.0.0.1`);
  });

  test('a copy of a request is answered again and not handed up', async () => {
    await start((request) => {
      incoming.push(request);
      request.reply(200);
    });
    send(raw('MESSAGE'));
    const first = await peer.message(0);
    send(raw('MESSAGE'));
    expect(await peer.message(1)).toBe(first);
    expect(incoming).toHaveLength(1);
    expect(wires.map(({ direction, retransmission }) => [direction, retransmission])).toEqual([
      ['in', false],
      ['out', false],
      ['in', true],
      ['out', true],
    ]);
  });

  test('requests that share a branch but not the CSeq are different ones', async () => {
    await start((request) => {
      incoming.push(request);
      request.reply(200);
    });
    send(raw('MESSAGE'));
    send(raw('MESSAGE', { cseq: 2 }));
    await peer.message(1);
    expect(incoming).toHaveLength(2);
  });

  test('Timer J: the transaction is over 64 * T1 after its answer', async () => {
    await start((request) => request.reply(200), { timers: { ...SHORT_TIMERS, t1: 2 } });
    send(raw('MESSAGE'));
    await peer.message(0);
    expect(engine.counts.transactions).toBe(1);
    await until(() => engine.counts.transactions === 0);
  });

  test('a request that nobody answers does not stay for ever', async () => {
    await start(undefined, { timers: { ...SHORT_TIMERS, t1: 2 } });
    send(raw('MESSAGE'));
    await until(() => incoming.length === 1);
    await until(() => engine.counts.transactions === 0);
    expect(incoming[0]?.signal.aborted).toBe(true);
  });

  test('a second final response is ignored, a handler that throws is answered 500', async () => {
    await start((request) => {
      if (request.request.method === 'INFO') throw new TypeError('test');
      request.reply(404);
      request.reply(200);
    });
    send(raw('MESSAGE'));
    send(raw('INFO', { branch: 'z9hG4bK-b' }));
    expect(await peer.message(0)).toMatch(/^SIP\/2.0 404 /);
    expect(await peer.message(1)).toMatch(/^SIP\/2.0 500 /);
  });

  test('INVITE: 100 by itself, failure repeated by Timer G until the ACK', async () => {
    await start();
    send(raw('INVITE'));
    expect(await peer.message(0)).toMatch(/^SIP\/2.0 100 /);
    incoming[0]?.reply(486);
    await until(() => starting('SIP/2.0 486').length >= 3);
    send(raw('ACK'));
    await until(() => wires.some(({ message }) => message.kind === 'request' && message.method === 'ACK'));
    await until(() => engine.counts.transactions === 0);
    expect(incoming).toHaveLength(1);
  });

  test('INVITE: 2xx repeated until the ACK, which confirms the dialog', async () => {
    let dialog: Promise<Dialog> | undefined;
    await start((request) => void (dialog = request.accept({ contactUser: '3402' })));
    send(raw('INVITE'));
    await until(() => starting('SIP/2.0 200').length >= 3);
    const answer = starting('SIP/2.0 200')[0] ?? '';
    expect(headerOf(answer, 'Contact')).toBe(`<sip:3402@127.0.0.1:${listeningOf(engine).port}>`);
    send(raw('ACK', { branch: 'z9hG4bK-ack', toTag: /;tag=(\w+)/.exec(headerOf(answer, 'To'))?.[1] ?? '' }));
    expect((await dialog)?.callId).toBe('call');
    const count = starting('SIP/2.0 200').length;
    await delay(100);
    expect(starting('SIP/2.0 200')).toHaveLength(count);
  });

  test('INVITE: no ACK ends in BYE and no_ack', async () => {
    const errors: unknown[] = [];
    await start((request) => void request.accept({}).catch((error: unknown) => errors.push(error)), {
      timers: { ...SHORT_TIMERS, t1: 2, t2: 8 },
    });
    send(raw('INVITE'));
    await until(() => starting('BYE').length > 0);
    expect(errors[0]).toBeInstanceOf(SipTimeoutError);
    expect(engine.counts.dialogs).toBe(0);
  });

  test('CANCEL: 200 for itself, 487 for the INVITE, signal aborted; accept fails afterwards', async () => {
    await start();
    send(raw('INVITE'));
    await until(() => incoming.length === 1);
    const { signal } = incoming[0]!;
    send(raw('CANCEL'));
    await until(() => starting('SIP/2.0 487').length > 0);
    expect(starting('SIP/2.0 200')).toHaveLength(1);
    expect(signal.aborted).toBe(true);
    await expect(incoming[0]?.accept({})).rejects.toBeInstanceOf(SipAbortedError);
  });

  test.each([
    { name: 'CANCEL of nothing', text: raw('CANCEL'), status: 481 },
    { name: 'BYE outside of dialogs', text: raw('BYE', { toTag: 'x' }), status: 481 },
    { name: 'INFO of an unknown dialog', text: raw('INFO', { toTag: 'x' }), status: 481 },
    { name: 'INVITE of an unknown dialog', text: raw('INVITE', { toTag: 'x' }), status: 481 },
    { name: 'unknown Require', text: raw('OPTIONS', { extra: 'Require: 100rel\n' }), status: 420 },
  ])('$name is answered $status by the engine', async ({ text, status }) => {
    await start();
    send(text);
    expect(await peer.message(0)).toMatch(new RegExp(`^SIP/2\\.0 ${status} `));
    expect(incoming).toEqual([]);
  });

  test('an INVITE that comes again by another way is answered 482, its first copy goes on', async () => {
    await start();
    send(raw('INVITE'));
    await until(() => incoming.length === 1);
    send(raw('INVITE', { branch: 'z9hG4bK-other' }));
    await until(() => starting('SIP/2.0 482').length === 1);
    incoming[0]?.reply(486);
    await until(() => starting('SIP/2.0 486').length > 0);
    expect(incoming).toHaveLength(1);
  });

  test('a callback that throws does not reach the socket', async () => {
    await start();
    const answer = engine.request({
      ...outgoing('MESSAGE'),
      onProvisional: () => {
        throw new TypeError('test');
      },
    });
    send(respond(await peer.message(0), '100 Trying'));
    send(respond(await peer.message(0), '200 OK'));
    expect((await answer).status).toBe(200);
  });

  test('fuzz: an engine takes 20,000 mutated messages and still answers', async () => {
    await start((request) => request.reply(200), { onWire: () => undefined });
    const methods = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'MESSAGE', 'REGISTER'];
    let seed = 0x5e5;
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 0x1_0000_0000) * limit);
    };
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = Buffer.from(raw(methods[random(methods.length)] ?? '').replaceAll('\n', '\r\n'), 'latin1');
      bytes[random(bytes.length)] = random(256);
      peer.send(bytes, listeningOf(engine));
      if (round % 200 === 0) await delay(1);
    }
    await delay(50);
    peer.received.length = 0;
    const answered = (): boolean => peer.received.some((text) => headerOf(text, 'Call-ID') === 'last');
    // Repeated as peers do: on a busy machine the socket's buffer may still be full of what came before.
    while (!answered()) {
      send(raw('OPTIONS', { branch: 'z9hG4bK-last', callId: 'last' }));
      await delay(50);
    }
  });

  test('ACK is absorbed', async () => {
    await start((request) => {
      incoming.push(request);
      request.reply(200);
    });
    send(raw('ACK'));
    send(raw('OPTIONS'));
    await peer.message(0);
    expect(incoming.map(({ request }) => request.method)).toEqual(['OPTIONS']);
  });
});

describe('client transactions, RFC 3261 §17.1', () => {
  test('Timer E repeats a request, the answer stops it', async () => {
    await start();
    const answer = engine.request(outgoing('MESSAGE'));
    await until(() => peer.received.length === 3);
    send(respond(peer.received[0] ?? '', '200 OK'));
    expect((await answer).status).toBe(200);
    expect(new Set(peer.received).size).toBe(1);
  });

  test('Timer F: no answer is a timeout; a late answer then does no harm', async () => {
    await start(undefined, { timers: { ...SHORT_TIMERS, t1: 2, t2: 8 } });
    await expect(engine.request(outgoing('MESSAGE'))).rejects.toBeInstanceOf(SipTimeoutError);
    expect(engine.counts.transactions).toBe(0);
    send(respond(peer.received[0] ?? '', '200 OK'));
    await until(() => wires.some(({ direction }) => direction === 'in'));
    expect(peer.received.length).toBeGreaterThan(5);
  });

  test('quirk: a response without Via is matched by Call-ID and CSeq', async () => {
    await start();
    const answer = engine.request(outgoing('MESSAGE'));
    send(respond(await peer.message(0), '200 OK').replace(/Via:.*\n/, ''));
    expect((await answer).status).toBe(200);
  });

  test('quirk: a response with another branch is matched by Call-ID and CSeq', async () => {
    await start();
    const answer = engine.request(outgoing('MESSAGE'));
    send(respond(await peer.message(0), '200 OK').replace(/branch=[^;\n]+/, 'branch=other'));
    expect((await answer).status).toBe(200);
  });

  test('abort gives up and ends the transaction; one that was aborted before is never sent', async () => {
    await start();
    const controller = new AbortController();
    const answer = engine.request({ ...outgoing('MESSAGE'), signal: controller.signal });
    await peer.message(0);
    controller.abort();
    await expect(answer).rejects.toBeInstanceOf(SipAbortedError);
    await expect(engine.request({ ...outgoing('INFO'), signal: controller.signal })).rejects.toThrow(SipAbortedError);
    expect([engine.counts.transactions, starting('INFO').length]).toEqual([0, 0]);
  });

  test('close rejects what is open', async () => {
    await start();
    const answers = [engine.request(outgoing('MESSAGE')), engine.invite(outgoing('INVITE'))];
    await peer.message(1);
    await engine.close();
    for (const answer of answers) await expect(answer).rejects.toBeInstanceOf(SipAbortedError);
    await expect(engine.request(outgoing('MESSAGE'))).rejects.toBeInstanceOf(SipAbortedError);
  });

  test('provisional responses are told; REGISTER keeps Call-ID, tag and CSeq of the caller', async () => {
    await start();
    const seen: number[] = [];
    const answer = engine.request({
      ...outgoing('REGISTER'),
      callId: 'refresh',
      fromTag: 'own',
      cseq: 7,
      onProvisional: ({ status }) => void seen.push(status),
    });
    const sent = await peer.message(0);
    expect([headerOf(sent, 'Call-ID'), headerOf(sent, 'CSeq')]).toEqual(['refresh', '7 REGISTER']);
    expect(headerOf(sent, 'From')).toBe('<sip:3402@3402000000>;tag=own');
    expect(headerOf(sent, 'Contact')).toBe(`<sip:3402@127.0.0.1:${listeningOf(engine).port}>`);
    send(respond(sent, '100 Trying'));
    send(respond(sent, '200 OK'));
    await answer;
    expect(seen).toEqual([100]);
  });

  test.each(['401 Unauthorized', '407 Proxy Authentication Required'])('answers %s once', async (status) => {
    await start();
    const field = status.startsWith('401') ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    const challenge = `${field}: Digest realm="r", nonce="n", qop="auth"\n`;
    const credentials = { username: 'u', password: 'p' };
    const answer = engine.request({ ...outgoing('REGISTER'), credentials, cseq: 1 });
    send(respond(await peer.message(0), status, challenge));
    await until(() => peer.received.some((text) => headerOf(text, 'CSeq') === '2 REGISTER'));
    const second = peer.received.find((text) => headerOf(text, 'CSeq') === '2 REGISTER') ?? '';
    expect(second).toMatch(/Authorization: Digest username="u", realm="r", nonce="n"/);
    expect(headerOf(second, 'Call-ID')).toBe(headerOf(peer.received[0] ?? '', 'Call-ID'));
    send(respond(second, status, challenge));
    expect((await answer).status).toBe(Number(status.slice(0, 3)));
  });

  test('INVITE: a failure is acknowledged in the transaction, also its repeats', async () => {
    await start();
    const answer = engine.invite(outgoing('INVITE'));
    const invite = await peer.message(0);
    send(respond(invite, '486 Busy Here'));
    await expect(answer).rejects.toMatchObject({ code: 'sip_rejected', response: { status: 486 } });
    await expect(answer).rejects.toBeInstanceOf(SipRejectedError);
    send(respond(invite, '486 Busy Here'));
    await until(() => starting('ACK').length === 2);
    const [ack = ''] = starting('ACK');
    expect(headerOf(ack, 'Via')).toBe(headerOf(invite, 'Via'));
    expect(headerOf(ack, 'To')).toContain(';tag=peer');
    await until(() => engine.counts.transactions === 0);
  });

  test('INVITE: Timer A repeats, a provisional response stops it', async () => {
    await start();
    const answer = engine.invite(outgoing('INVITE'));
    await until(() => starting('INVITE').length === 3);
    send(respond(peer.received[0] ?? '', '100 Trying'));
    await until(() => wires.some(({ direction }) => direction === 'in'));
    const count = peer.received.length;
    await delay(150);
    expect(peer.received).toHaveLength(count);
    send(respond(peer.received[0] ?? '', '603 Decline'));
    await expect(answer).rejects.toBeInstanceOf(SipRejectedError);
  });

  test('INVITE: each repeated 2xx is acknowledged', async () => {
    await start();
    const answer = engine.invite(outgoing('INVITE'));
    const ok = respond(await peer.message(0), '200 OK', `Contact: <sip:cam@127.0.0.1:${peer.port}>\n`);
    send(ok);
    const dialog = await answer;
    send(ok);
    send(ok);
    await until(() => starting('ACK').length === 3);
    expect(new Set(starting('ACK')).size).toBe(1);
    expect(starting('ACK')[0]).toMatch(new RegExp(`^ACK sip:cam@127.0.0.1:${peer.port} SIP/2.0`));
    const bye = dialog.bye();
    await until(() => starting('BYE').length > 0);
    send(respond(starting('BYE')[0] ?? '', '200 OK'));
    await bye;
    expect(dialog.ended).toBe(true);
  });

  test('INVITE: abort while it rings sends CANCEL; a 2xx that crosses it is acknowledged and ended', async () => {
    await start();
    const controller = new AbortController();
    const answer = engine.invite({ ...outgoing('INVITE'), signal: controller.signal });
    const invite = await peer.message(0);
    send(respond(invite, '180 Ringing'));
    await until(() => wires.some(({ direction }) => direction === 'in'));
    controller.abort();
    await expect(answer).rejects.toBeInstanceOf(SipAbortedError);
    await until(() => starting('CANCEL').length > 0);
    const [cancel = ''] = starting('CANCEL');
    expect(headerOf(cancel, 'Via')).toBe(headerOf(invite, 'Via'));
    send(respond(cancel, '200 OK'));
    send(respond(invite, '200 OK'));
    await until(() => starting('BYE').length > 0);
    expect(starting('ACK')).toHaveLength(1);
    send(respond(starting('BYE')[0] ?? '', '200 OK'));
    await until(() => engine.counts.dialogs === 0);
  });

  test('INVITE: CANCEL waits for the first provisional response', async () => {
    await start();
    const controller = new AbortController();
    const answer = engine.invite({ ...outgoing('INVITE'), signal: controller.signal });
    const invite = await peer.message(0);
    controller.abort();
    await expect(answer).rejects.toBeInstanceOf(SipAbortedError);
    expect(starting('CANCEL')).toEqual([]);
    send(respond(invite, '100 Trying'));
    await until(() => starting('CANCEL').length > 0);
    send(respond(starting('CANCEL')[0] ?? '', '200 OK'));
    send(respond(invite, '487 Request Terminated'));
    await until(() => starting('ACK').length > 0);
  });

  test('quirk: a 2xx later than Timer B is acknowledged and ended with BYE', async () => {
    await start(undefined, { timers: { ...SHORT_TIMERS, t1: 3, t2: 12 } });
    await expect(engine.invite(outgoing('INVITE'))).rejects.toBeInstanceOf(SipTimeoutError);
    send(respond(peer.received[0] ?? '', '200 OK').replace(/Via:.*\n/, ''));
    await until(() => starting('BYE').length > 0);
    expect(starting('ACK')).toHaveLength(1);
    send(respond(starting('BYE')[0] ?? '', '200 OK'));
    await until(() => engine.counts.dialogs === 0);
  });
});
