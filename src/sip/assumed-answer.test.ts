import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RawSipPeer, headerOf, respond } from '../../test/support/raw-sip-peer.ts';
import { SHORT_TIMERS, listeningOf, testEngine } from '../../test/support/sip-engine.ts';
import { SipAbortedError, SipRejectedError, type Dialog, type OutgoingRequest, type SipEngine } from './index.ts';

/** Long enough that what must not happen before would be seen. */
const AFTER_MS = 120;

let peer: RawSipPeer;
let engine: SipEngine;
let responses: number;
let proof: PromiseWithResolvers<void>;

beforeEach(async () => {
  responses = 0;
  proof = Promise.withResolvers();
  peer = await RawSipPeer.open();
  engine = await testEngine(() => undefined, {
    timers: { ...SHORT_TIMERS, t1: 20 },
    onWire: ({ direction, message }) => {
      if (direction === 'in' && message.kind === 'response') responses += 1;
    },
  });
});

afterEach(async () => {
  peer.close();
  await engine.close();
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}

const sent = (method: string): string[] => peer.received.filter((text) => text.startsWith(`${method} `));

async function nth(method: string, index = 0): Promise<string> {
  await until(() => sent(method).length > index);
  return sent(method)[index] ?? '';
}

function invite(more: Partial<OutgoingRequest> = {}): Promise<Dialog> {
  return engine.invite({
    uri: `sip:1320@127.0.0.1:${peer.port}`,
    from: 'sip:3402@3402000000',
    to: 'sip:1320@3402000000',
    target: { protocol: 'udp', address: '127.0.0.1', port: peer.port },
    assumedAnswer: { afterMs: AFTER_MS, proof: proof.promise },
    ...more,
  });
}

function send(text: string): void {
  peer.send(text, listeningOf(engine));
}

/** Sends a response and waits until the engine has seen it. */
async function reply(text: string): Promise<void> {
  const before = responses;
  send(text);
  await until(() => responses > before);
}

/** A dialog that rests on its proof alone. */
async function assumed(): Promise<{ dialog: Dialog; request: string }> {
  const answer = invite();
  const request = await nth('INVITE');
  proof.resolve();
  return { dialog: await answer, request };
}

const late = (request: string, contact = `sip:cam@127.0.0.1:${peer.port};x=1`): string =>
  respond(request, '200 OK', `Contact: <${contact}>\nRecord-Route: <sip:127.0.0.1:${peer.port};lr>\n`);

describe('quirk: an INVITE that is never answered', () => {
  test('quirk: no response, the ACK leaves after its time, and the proof makes the dialog', async () => {
    const sentAt = performance.now();
    const { dialog, request } = await assumed();
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(AFTER_MS - 1);
    const ack = await nth('ACK');
    expect(ack).toMatch(new RegExp(`^ACK sip:1320@127.0.0.1:${peer.port} SIP/2.0`));
    expect(headerOf(ack, 'CSeq')).toBe(headerOf(request, 'CSeq').replace('INVITE', 'ACK'));
    expect(headerOf(ack, 'Via')).not.toBe(headerOf(request, 'Via'));
    expect(['Call-ID', 'From', 'To'].map((name) => headerOf(ack, name))).toEqual(
      ['Call-ID', 'From', 'To'].map((name) => headerOf(request, name)),
    );
    expect(headerOf(ack, 'To')).not.toContain('tag');
    expect([dialog.established, dialog.remoteTag, dialog.ended]).toEqual([undefined, '', false]);
    const copies = sent('INVITE').length;
    await delay(AFTER_MS);
    expect([sent('INVITE').length, sent('ACK').length]).toEqual([copies, 1]);
  });

  test('quirk: BYE of a dialog whose tag was never told has none', async () => {
    const { dialog, request } = await assumed();
    const bye = dialog.bye();
    const text = await nth('BYE');
    expect([headerOf(text, 'To'), headerOf(text, 'Call-ID')]).toEqual([
      headerOf(request, 'To'),
      headerOf(request, 'Call-ID'),
    ]);
    await reply(respond(text, '200 OK'));
    await bye;
    expect([dialog.ended, engine.counts.dialogs]).toEqual([true, 0]);
  });

  test('quirk: BYE without our tag ends the dialog of a peer that lost its 2xx', async () => {
    const { dialog, request } = await assumed();
    const ended = once(dialog, 'ended');
    send(
      `BYE sip:x@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bKbye\n` +
        `From: ${headerOf(request, 'To')}\nTo: ${headerOf(request, 'From').replace(/;tag=.*/, '')}\n` +
        `Call-ID: ${headerOf(request, 'Call-ID')}\nCSeq: 1 BYE\nContent-Length: 0\n\n`,
    );
    expect(await ended).toEqual(['remote_bye']);
    await until(() => peer.received.some((text) => /^SIP\/2.0 200/.test(text)));
  });

  test('quirk: a 2xx after all gives tag, route and target, is acknowledged and not hung up on', async () => {
    const { dialog, request } = await assumed();
    const answered = once(dialog, 'answered');
    await reply(late(request));
    expect(await answered).toMatchObject([{ status: 200 }]);
    const ack = await nth('ACK', 1);
    expect(ack).toMatch(new RegExp(`^ACK sip:cam@127.0.0.1:${peer.port};x=1 SIP/2.0`));
    expect([headerOf(ack, 'To'), headerOf(ack, 'Route')]).toEqual([
      expect.stringContaining(';tag=peer'),
      `<sip:127.0.0.1:${peer.port};lr>`,
    ]);
    expect([dialog.remoteTag, dialog.established, engine.counts.dialogs]).toMatchObject(['peer', { status: 200 }, 1]);
    await reply(late(request));
    expect(headerOf(await nth('ACK', 2), 'Via')).toBe(headerOf(ack, 'Via'));
    const bye = dialog.bye();
    const text = await nth('BYE');
    expect(headerOf(text, 'To')).toContain(';tag=peer');
    await reply(respond(text, '200 OK'));
    await bye;
    expect(engine.counts.dialogs).toBe(0);
  });

  test('quirk: a 2xx without Via, later than the transaction, still reaches the dialog', async () => {
    await engine.close();
    engine = await testEngine(() => undefined, { timers: { ...SHORT_TIMERS, t1: 4, t2: 16 } });
    const { dialog, request } = await assumed();
    // Timer B counts from sending, the time in which a 2xx is looked out for from the proof.
    await until(() => engine.counts.transactions === 0);
    const answered = once(dialog, 'answered');
    send(late(request).replace(/Via:.*\n/, ''));
    await answered;
    expect([dialog.remoteTag, dialog.ended]).toEqual(['peer', false]);
  });

  test('quirk: a 2xx after our BYE is acknowledged and ended with its tag', async () => {
    const { dialog, request } = await assumed();
    const bye = dialog.bye();
    await reply(respond(await nth('BYE'), '481 Call/Transaction Does Not Exist'));
    await bye;
    await reply(late(request));
    expect(headerOf(await nth('BYE', 1), 'To')).toContain(';tag=peer');
    expect(sent('ACK').length).toBe(2);
    await reply(respond(sent('BYE')[1] ?? '', '200 OK'));
    await until(() => engine.counts.dialogs === 0);
  });

  test('quirk: a refusal after all ends the dialog as rejected, without a BYE', async () => {
    const { dialog, request } = await assumed();
    const ended = once(dialog, 'ended');
    await reply(respond(request, '486 Busy Here'));
    expect(await ended).toEqual(['rejected']);
    // RFC 3261 §17.1.1.3: acknowledged in its transaction.
    expect(headerOf(await nth('ACK', 1), 'Via')).toBe(headerOf(request, 'Via'));
    expect([sent('BYE'), engine.counts.dialogs]).toEqual([[], 0]);
  });

  test.each([
    { name: 'before its time', wait: false },
    { name: 'after the ACK', wait: true },
  ])('a 2xx $name makes the dialog without any proof', async ({ wait }) => {
    const answer = invite();
    const request = await nth('INVITE');
    if (wait) await nth('ACK');
    await reply(late(request));
    const dialog = await answer;
    expect([dialog.remoteTag, dialog.established]).toMatchObject(['peer', { status: 200 }]);
    await until(() => sent('ACK').length === (wait ? 2 : 1));
    proof.resolve();
    await delay(AFTER_MS);
    expect([sent('ACK').length, dialog.ended]).toEqual([wait ? 2 : 1, false]);
  });

  test('without the proof nothing remains: the peer may have taken the ACK for an answer and gets a BYE', async () => {
    const controller = new AbortController();
    const answer = invite({ signal: controller.signal });
    await nth('ACK');
    controller.abort();
    await expect(answer).rejects.toBeInstanceOf(SipAbortedError);
    const bye = await nth('BYE');
    expect([headerOf(bye, 'To'), sent('CANCEL')]).toEqual(['<sip:1320@3402000000>', []]);
    await reply(respond(bye, '481 Call/Transaction Does Not Exist'));
    await until(() => engine.counts.dialogs === 0);
  });

  test('a refusal after the ACK and before the proof is a refusal', async () => {
    const refused = expect(invite()).rejects.toBeInstanceOf(SipRejectedError);
    await nth('ACK');
    await reply(respond(sent('INVITE')[0] ?? '', '404 Not Found'));
    await refused;
    expect([sent('BYE'), engine.counts.dialogs]).toEqual([[], 0]);
  });
});

describe('a peer that rings for long', () => {
  test('gets no ACK without the proof, and its 2xx makes the dialog', async () => {
    const answer = invite();
    const request = await nth('INVITE');
    await reply(respond(request, '180 Ringing'));
    await delay(AFTER_MS * 2);
    expect(sent('ACK')).toEqual([]);
    await reply(late(request));
    expect((await answer).remoteTag).toBe('peer');
    await nth('ACK');
    expect(sent('ACK')).toHaveLength(1);
  });

  test('quirk: rings and sends media, the ACK has the tag of the provisional response', async () => {
    const answer = invite();
    const request = await nth('INVITE');
    await reply(respond(request, '183 Session Progress'));
    proof.resolve();
    const dialog = await answer;
    expect(headerOf(await nth('ACK'), 'To')).toContain(';tag=peer');
    expect([dialog.remoteTag, dialog.established]).toEqual(['peer', undefined]);
    await reply(late(request));
    expect(dialog.established).toMatchObject({ status: 200 });
  });

  test.each([
    { name: 'before', proveFirst: false },
    { name: 'after', proveFirst: true },
  ])('quirk: rings after the ACK and $name the media, BYE has its tag, target and route', async ({ proveFirst }) => {
    const answer = invite();
    const request = await nth('INVITE');
    await nth('ACK');
    if (proveFirst) {
      proof.resolve();
      await answer;
    }
    const contact = `Contact: <sip:cam@127.0.0.1:${peer.port};x=1>\n`;
    const route = `<sip:127.0.0.1:${peer.port};lr>`;
    await reply(respond(request, '183 Session Progress', `${contact}Record-Route: ${route}\n`));
    await reply(respond(request, '100 Trying').replace(/(To:.*);tag=.*/, '$1'));
    proof.resolve();
    const dialog = await answer;
    expect([dialog.remoteTag, dialog.established]).toEqual(['peer', undefined]);
    const bye = dialog.bye();
    const text = await nth('BYE');
    expect(text).toMatch(new RegExp(`^BYE sip:cam@127.0.0.1:${peer.port};x=1 SIP/2.0`));
    expect([headerOf(text, 'To'), headerOf(text, 'Route')]).toEqual([expect.stringContaining(';tag=peer'), route]);
    await reply(respond(text, '200 OK'));
    await bye;
    expect(engine.counts.dialogs).toBe(0);
  });

  test('quirk: a provisional response after our BYE brings nothing back', async () => {
    const { dialog, request } = await assumed();
    const bye = dialog.bye();
    await reply(respond(await nth('BYE'), '200 OK'));
    await bye;
    await reply(respond(request, '180 Ringing'));
    expect([dialog.remoteTag, engine.counts.dialogs]).toEqual(['', 0]);
  });

  test('is cancelled, not hung up on, where it is given up', async () => {
    const controller = new AbortController();
    const answer = invite({ signal: controller.signal });
    await nth('ACK');
    await reply(respond(sent('INVITE')[0] ?? '', '180 Ringing'));
    controller.abort();
    await expect(answer).rejects.toBeInstanceOf(SipAbortedError);
    await nth('CANCEL');
    expect([sent('BYE'), engine.counts.dialogs]).toEqual([[], 0]);
  });
});

test('quirk: responses to INVITE without Via reach it', async () => {
  const ringing: number[] = [];
  const answer = invite({ onProvisional: ({ status }) => void ringing.push(status) });
  const request = await nth('INVITE');
  await reply(respond(request, '100 Trying').replace(/Via:.*\n/, ''));
  await reply(late(request).replace(/Via:.*\n/, ''));
  expect((await answer).remoteTag).toBe('peer');
  expect(ringing).toEqual([100]);
});
