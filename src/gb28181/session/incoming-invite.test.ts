import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mutateText, seededRandom } from '../../../test/support/mutate.ts';
import { parseMessage } from '../../sip/index.ts';
import { fakeFlow } from '../testing/fake-engine.ts';
import { CAMERA_ID, DEVICE_ID, openHarness, REALM, SERIAL, settle, type Harness } from '../testing/harness.ts';
import { askedMedia, type AskedMedia, type InviteContext } from './incoming-invite.ts';

const UPPER = '34000000002000000001';
const UNKNOWN = '34020000001310000099';
const VOICE = '34020000001360000001';
const SPEAKER = '34020000001370000001';
const KNOWN: ReadonlySet<string> = new Set([DEVICE_ID, CAMERA_ID, SPEAKER]);

interface Offer {
  readonly o?: string;
  readonly s?: string;
  readonly u?: string;
  readonly t?: string;
  readonly media?: 'video' | 'audio';
}

function offer({ o = UPPER, s = 'Play', u, t = '0 0', media = 'video' }: Offer = {}): string {
  const lines = [
    'v=0',
    `o=${o} 0 0 IN IP4 192.0.2.1`,
    `s=${s}`,
    ...(u === undefined ? [] : [`u=${u}`]),
    'c=IN IP4 192.0.2.1',
    `t=${t}`,
    media === 'audio' ? 'm=audio 30000 RTP/AVP 8' : 'm=video 30000 RTP/AVP 96',
    media === 'audio' ? 'a=recvonly' : 'a=rtpmap:96 PS/90000',
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

interface Invite {
  /** User of the request line. */
  readonly to?: string;
  readonly subject?: string;
  readonly body?: string;
}

function text({ to = SERIAL, subject, body = offer() }: Invite): string {
  const head = [
    `INVITE sip:${to}@192.0.2.9:5060 SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx',
    `From: <sip:${UPPER}@3400000000>;tag=1`,
    `To: <sip:${to}@192.0.2.9:5060>`,
    'Call-ID: c',
    'CSeq: 1 INVITE',
    ...(subject === undefined ? [] : [`Subject: ${subject}`]),
    `Content-Length: ${body.length}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function read(message: string, context: Partial<InviteContext> = {}): AskedMedia | undefined {
  const parsed = parseMessage(Buffer.from(message, 'latin1'));
  if (typeof parsed === 'string' || parsed.kind !== 'request') return undefined;
  return askedMedia(parsed, { serial: SERIAL, isKnown: (id) => KNOWN.has(id), ...context });
}

const live = `${CAMERA_ID}:0200001001,${UPPER}:0`;
const history = { s: 'Playback', u: `${CAMERA_ID}:0`, t: '1767225600 1767229200' };

interface Case {
  readonly name: string;
  readonly invite: Invite;
  readonly sender?: string;
  readonly asked: AskedMedia;
}

const camera = { channelId: CAMERA_ID, known: true } as const;
const cases: readonly Case[] = [
  {
    name: 'as in the standard: Subject and request line',
    invite: { to: CAMERA_ID, subject: live },
    asked: { ...camera, kind: 'Play', namedBy: 'Subject' },
  },
  {
    name: 'quirk: request line has the platform ID (third-party upper), Subject counts',
    invite: { subject: live },
    asked: { ...camera, kind: 'Play', namedBy: 'Subject' },
  },
  {
    name: 'quirk: Subject of LiveGBS and Hik NCG, with other sequence numbers',
    invite: { subject: `${CAMERA_ID}:1-4-1767225600000 , ${UPPER}:1` },
    asked: { ...camera, kind: 'Play', namedBy: 'Subject' },
  },
  {
    name: 'quirk: Subject names our own ID, the request line counts',
    invite: { to: CAMERA_ID, subject: `${SERIAL}:0200001001,${UPPER}:0` },
    asked: { ...camera, kind: 'Play', namedBy: 'Request-URI' },
  },
  {
    name: 'quirk: Subject without a comma',
    invite: { subject: CAMERA_ID },
    asked: { ...camera, kind: 'Play', namedBy: 'Subject' },
  },
  {
    name: 'quirk: Subject missing, the request line counts',
    invite: { to: CAMERA_ID },
    asked: { ...camera, kind: 'Play', namedBy: 'Request-URI' },
  },
  {
    name: 'quirk: Subject missing in playback, u= counts',
    invite: { body: offer(history) },
    asked: { ...camera, kind: 'Playback', namedBy: 'SDP' },
  },
  {
    name: 'quirk: u= as a URI',
    invite: { body: offer({ ...history, u: `sip:${CAMERA_ID}@${REALM}` }) },
    asked: { ...camera, kind: 'Playback', namedBy: 'SDP' },
  },
  {
    name: 'quirk: channel only in o=',
    invite: { body: offer({ o: CAMERA_ID }) },
    asked: { ...camera, kind: 'Play', namedBy: 'SDP' },
  },
  {
    name: 'quirk: channel only in s=, the time tells a playback',
    invite: { body: offer({ s: CAMERA_ID, t: '1767225600 1767229200' }) },
    asked: { ...camera, kind: 'Playback', namedBy: 'SDP' },
  },
  {
    name: 'quirk: a known channel anywhere counts more than an unknown one in Subject',
    invite: { to: CAMERA_ID, subject: `${UNKNOWN}:0,${UPPER}:0` },
    asked: { ...camera, kind: 'Play', namedBy: 'Request-URI' },
  },
  {
    name: 'quirk: our own ID in Subject and request line is not what is asked for',
    invite: { subject: `${SERIAL}:0,${UPPER}:0`, body: offer({ ...history, u: `${UNKNOWN}:0` }) },
    asked: { kind: 'Playback', channelId: UNKNOWN, namedBy: 'SDP', known: false },
  },
  {
    name: 'download',
    invite: { subject: live, body: offer({ ...history, s: 'Download' }) },
    asked: { ...camera, kind: 'Download', namedBy: 'Subject' },
  },
  {
    name: 'quirk: s= in another case',
    invite: { subject: live, body: offer({ s: ' PLAYBACK ' }) },
    asked: { ...camera, kind: 'Playback', namedBy: 'Subject' },
  },
  {
    name: 'a channel that is not here',
    invite: { to: UNKNOWN, subject: `${UNKNOWN}:0,${UPPER}:0` },
    asked: { kind: 'Play', channelId: UNKNOWN, namedBy: 'Subject', known: false },
  },
  {
    name: 'quirk: no SDP (third-party call control)',
    invite: { to: CAMERA_ID, body: '' },
    asked: { ...camera, kind: 'Play', namedBy: 'Request-URI' },
  },
  {
    name: 'nothing but ourselves',
    invite: { subject: '', body: offer({ o: '-', s: '-' }) },
    asked: { kind: 'Play', channelId: '', namedBy: 'nothing', known: false },
  },
  {
    name: 'broadcast: the device is the receiver',
    sender: DEVICE_ID,
    invite: { to: VOICE, subject: `${VOICE}:0200000912,${SPEAKER}:1`, body: offer({ o: SPEAKER, media: 'audio' }) },
    asked: { kind: 'Talk', channelId: SPEAKER, namedBy: 'Subject', known: true },
  },
  {
    name: 'quirk: broadcast Subject names the platform (TP-Link, Mercury), told by the device',
    sender: DEVICE_ID,
    invite: { subject: `${SERIAL}:0,${UNKNOWN}:0`, body: offer({ o: '-', media: 'audio' }) },
    asked: { kind: 'Talk', channelId: DEVICE_ID, namedBy: 'From', known: true },
  },
  {
    name: 'quirk: broadcast without Subject, told by the device',
    sender: DEVICE_ID,
    invite: { body: offer({ o: '-', media: 'audio' }) },
    asked: { kind: 'Talk', channelId: DEVICE_ID, namedBy: 'From', known: true },
  },
  {
    name: 'talk by name',
    invite: { subject: `${CAMERA_ID}:0,${UPPER}:0`, body: offer({ s: 'Talk', media: 'audio' }) },
    asked: { ...camera, kind: 'Talk', namedBy: 'Subject' },
  },
];

describe('askedMedia', () => {
  test.each(cases)('$name', ({ invite, sender, asked }) => {
    expect(read(text(invite), sender === undefined ? {} : { senderId: sender })).toEqual(asked);
  });

  const contexts: ReadonlyArray<Partial<InviteContext>> = [{}, { senderId: DEVICE_ID }];

  test('properties: any Subject, request line and SDP give a usable ID or none', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.boolean(),
        (subject, to, body, device) => {
          const headers = { get: () => subject } as unknown as Parameters<typeof askedMedia>[0]['headers'];
          const request = { uri: `sip:${to}@h`, headers, body: Buffer.from(body) };
          const context = {
            serial: SERIAL,
            isKnown: (id: string) => KNOWN.has(id),
            ...(device && { senderId: DEVICE_ID }),
          };
          const { channelId, known } = askedMedia(request, context);
          return (
            /^[\w\-.!~*'()%+$&=]{0,32}$/.test(channelId) && (!known || KNOWN.has(channelId)) && channelId !== SERIAL
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('fuzz: 200,000 mutated INVITEs never throw, name ourselves or name what is not known as known', () => {
    const random = seededRandom(0x1a71);
    const sources = cases.map(({ invite }) => text(invite));
    let readable = 0;
    for (let round = 0; round < 200_000; round += 1) {
      const message = mutateText(sources[round % sources.length] ?? '', random);
      const asked = read(message, contexts[round % 2]);
      if (asked === undefined) continue;
      readable += 1;
      const { channelId, known } = asked;
      if (channelId === SERIAL || channelId.length > 32 || known !== KNOWN.has(channelId))
        throw new RangeError(message);
    }
    expect(readable).toBeGreaterThan(100_000);
  });
});

describe('the platform refuses', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await openHarness();
  });
  afterEach(async () => {
    await harness.platform.close();
  });

  const upper = fakeFlow('127.0.0.8');

  function receive(invite: Invite, { from = UPPER, flow = upper } = {}) {
    const { subject, body = offer() } = invite;
    return harness.engine.receive(
      {
        method: 'INVITE',
        from: `<sip:${from}@3400000000>;tag=1`,
        headers: subject === undefined ? [] : [['Subject', subject]],
        body,
      },
      flow,
    );
  }

  test.each([
    {
      name: 'quirk: platform ID in the request line, a device that is here',
      invite: { subject: `${DEVICE_ID}:0,${UPPER}:0` },
      status: 488,
      why: `Play of ${DEVICE_ID} cannot be sent`,
    },
    {
      name: 'quirk: Subject missing in playback',
      invite: { body: offer({ ...history, u: `${DEVICE_ID}:0` }) },
      status: 488,
      why: `Playback of ${DEVICE_ID} cannot be sent`,
    },
    {
      name: 'a channel that is not here',
      invite: { subject: `${UNKNOWN}:0,${UPPER}:0` },
      status: 404,
      why: `Play of ${UNKNOWN}, which is not here`,
    },
    { name: 'nothing named', invite: { body: '' }, status: 404, why: 'Play of no channel that could be told' },
  ])('$name: $status', async ({ invite, status, why }) => {
    harness.camera().register();
    const reply = receive(invite);
    expect([reply.status, reply.header('Warning')]).toEqual([status, `399 gbrtc "${why}"`]);
    await settle();
  });

  test('quirk: a talk is told by its device, whatever its Subject names', () => {
    const device = harness.camera();
    device.register();
    const talk = { subject: `${UNKNOWN}:0,${UNKNOWN}:0`, body: offer({ o: '-', media: 'audio' }) };
    const reply = receive(talk, { from: DEVICE_ID, flow: device.flow });
    expect([reply.status, reply.header('Warning')]).toEqual([488, `399 gbrtc "Talk of ${DEVICE_ID} cannot be sent"`]);
    // From another address anybody could write that.
    expect(receive(talk, { from: DEVICE_ID }).status).toBe(404);
  });

  test('strangers may ask sixty times a minute, devices as often as they like', () => {
    const device = harness.camera();
    device.register();
    const statuses = Array.from({ length: 61 }, () => receive({}).status);
    expect([statuses.slice(0, 60).every((status) => status === 404), statuses[60]]).toEqual([true, 503]);
    expect(Number(receive({}).header('Retry-After'))).toBeGreaterThan(0);
    expect(receive({ body: '' }, { from: DEVICE_ID, flow: device.flow }).status).toBe(488);
    expect(receive({}, { flow: fakeFlow('127.0.0.7') }).status).toBe(404);
  });
});
