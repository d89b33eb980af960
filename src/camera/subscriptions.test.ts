import { afterEach, beforeEach, expect, test } from 'vitest';
import { headerOf, RawSipPeer, respond } from '../../test/support/raw-sip-peer.ts';
import { listeningOf, testEngine } from '../../test/support/sip-engine.ts';
import { formatManscdp, subscriptionQuery } from '../gb28181/manscdp/index.ts';
import type { SipEngine } from '../sip/index.ts';
import { createCamera } from './camera.ts';
import type { Camera } from './types.ts';

const SERVER_ID = '34020000002000000001';
const DEVICE_ID = '34020000001320000001';
const CHANNEL_ID = '34020000001310000001';

let registrar: SipEngine;
let platform: RawSipPeer;
let camera: Camera;
let answered = 0;
let branches = 0;
/** What the camera told of its subscriptions. */
let told: string[];

beforeEach(async () => {
  [answered, branches, told] = [0, 0, []];
  registrar = await testEngine((incoming) => incoming.reply(200, { headers: [['Expires', '3600']] }));
  platform = await RawSipPeer.open();
  const { address, port } = listeningOf(registrar);
  camera = await createCamera({
    server: `${address}:${port}`,
    serverId: SERVER_ID,
    id: DEVICE_ID,
    password: '',
    localAddress: '127.0.0.1',
  });
  camera.on('subscribed', (_id, kind, active) => told.push(`${kind} ${active ? 'on' : 'off'}`));
  await camera.ready();
});
afterEach(async () => {
  await camera.powerOff();
  platform.close();
  await registrar.close();
});

interface Subscribe {
  readonly callId?: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly cseq: number;
  readonly expires?: number;
}

/** Sends a SUBSCRIBE to alarms and returns the response to it. */
async function subscribe({ callId = 'c1', fromTag = 'p1', toTag, cseq, expires = 600 }: Subscribe): Promise<string> {
  branches += 1;
  const branch = `z9hG4bKs${branches}`;
  const period = { from: 0, to: 86_400_000 };
  const query = subscriptionQuery(cseq, DEVICE_ID, { kind: 'alarm', intervalSec: 5, period });
  const body = formatManscdp(query, 'gb18030');
  const head = [
    `SUBSCRIBE sip:${DEVICE_ID}@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${platform.port};branch=${branch}`,
    `From: <sip:${SERVER_ID}@3402000000>;tag=${fromTag}`,
    `To: <sip:${DEVICE_ID}@3402000000>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} SUBSCRIBE`,
    `Contact: <sip:${SERVER_ID}@127.0.0.1:${platform.port}>`,
    'Event: presence',
    `Expires: ${expires}`,
    'Content-Type: Application/MANSCDP+xml',
    `Content-Length: ${body.length}`,
  ];
  const to = { address: '127.0.0.1', port: camera.sipPort };
  platform.send(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]), to);
  return received((text) => text.startsWith('SIP/2.0') && headerOf(text, 'Via').includes(branch));
}

/** The first message that is so. */
async function received(matches: (text: string) => boolean): Promise<string> {
  for (let index = 0; ; index += 1) {
    const text = await platform.message(index);
    if (matches(text)) return text;
  }
}

/** The next NOTIFY, answered with this status. */
async function notified(status: string): Promise<string> {
  for (;;) {
    const text = await platform.message(answered);
    answered += 1;
    if (!text.startsWith('NOTIFY')) continue;
    platform.send(respond(text, status), { address: '127.0.0.1', port: camera.sipPort });
    return text;
  }
}

const statusOf = (response: string): number => Number(response.split(' ')[1]);
const tagOf = (response: string): string => /;tag=([^;\s]+)/.exec(headerOf(response, 'To'))?.[1] ?? '';
const distinctNotifies = (): number =>
  new Set(platform.received.filter((text) => text.startsWith('NOTIFY')).map((text) => headerOf(text, 'Via'))).size;

test('a refresh in the dialog is no second subscription: each alarm is told once', async () => {
  const first = await subscribe({ cseq: 1 });
  const toTag = tagOf(first);
  await notified('200 OK');
  const refresh = await subscribe({ cseq: 2, toTag, expires: 900 });
  expect([statusOf(refresh), tagOf(refresh), headerOf(refresh, 'Expires')]).toEqual([200, toTag, '900']);
  expect(statusOf(await subscribe({ cseq: 3, toTag }))).toBe(200);
  const alarm = camera.alarm(CHANNEL_ID);
  const notify = await notified('200 OK');
  await alarm;
  expect([headerOf(notify, 'Call-ID'), headerOf(notify, 'From'), headerOf(notify, 'To')]).toEqual([
    'c1',
    expect.stringContaining(`tag=${toTag}`),
    expect.stringContaining('tag=p1'),
  ]);
  expect(headerOf(notify, 'Subscription-State')).toMatch(/^active;expires=(600|599)/);
  expect([distinctNotifies(), told]).toEqual([2, ['alarm on']]);
});

test.each([
  { name: 'a To tag that is none of its own', more: { toTag: 'of-yesterday' } },
  { name: 'its tag under another Call-ID', more: { callId: 'c2' } },
])('$name: 481, and no subscription (RFC 3261 12.2.2)', async ({ more }) => {
  const toTag = tagOf(await subscribe({ cseq: 1 }));
  await notified('200 OK');
  expect(statusOf(await subscribe({ cseq: 2, toTag, ...more }))).toBe(481);
  const alarm = camera.alarm(CHANNEL_ID);
  await notified('200 OK');
  await alarm;
  expect(distinctNotifies()).toBe(2);
});

test('Expires 0 ends it, and what comes after in its dialog gets 481', async () => {
  const toTag = tagOf(await subscribe({ cseq: 1 }));
  await notified('200 OK');
  expect(statusOf(await subscribe({ cseq: 2, toTag, expires: 0 }))).toBe(200);
  expect(statusOf(await subscribe({ cseq: 3, toTag }))).toBe(481);
  expect(told).toEqual(['alarm on', 'alarm off']);
});

test('two dialogs are two subscriptions, until a NOTIFY is answered 481 (RFC 6665 4.2.2)', async () => {
  await subscribe({ cseq: 1 });
  await notified('200 OK');
  const toTag = tagOf(await subscribe({ cseq: 1, callId: 'c2', fromTag: 'p2' }));
  await notified('200 OK');
  const alarm = camera.alarm(CHANNEL_ID);
  await notified('481 Subscription does not exist');
  await notified('200 OK');
  await alarm;
  const again = camera.alarm(CHANNEL_ID);
  expect(headerOf(await notified('200 OK'), 'Call-ID')).toBe('c2');
  await again;
  expect(distinctNotifies()).toBe(5);
  expect(statusOf(await subscribe({ cseq: 2, callId: 'c2', fromTag: 'p2', toTag }))).toBe(200);
  expect(told).toEqual(['alarm on']);
});

test('no more than four of a kind: a fifth takes the place of the oldest', async () => {
  const tags: string[] = [];
  for (let n = 1; n <= 5; n += 1) {
    tags.push(tagOf(await subscribe({ cseq: 1, callId: `c${n}` })));
    await notified('200 OK');
  }
  expect(statusOf(await subscribe({ cseq: 2, callId: 'c1', toTag: tags[0] ?? '' }))).toBe(481);
  expect(statusOf(await subscribe({ cseq: 2, callId: 'c2', toTag: tags[1] ?? '' }))).toBe(200);
});
