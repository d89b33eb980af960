import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SipTimeoutError, SipTransportError } from '../../sip/index.ts';
import { parseGbSdp, type LiveInvite, type LiveSession, type MediaAnswer, type SubStreamDialect } from '../index.ts';
import { fakeFlow } from '../testing/fake-engine.ts';
import { CAMERA_ID, DEVICE_ID, openHarness, SERIAL, settle, type Harness } from '../testing/harness.ts';

let harness: Harness;
beforeEach(async () => {
  vi.useFakeTimers();
  harness = await openHarness();
  harness.camera().register();
  harness.engine.answerInvite = () => ({ status: 200, body: ANSWER });
});
afterEach(async () => {
  await harness.platform.close();
  vi.useRealTimers();
});

const ANSWER = [
  'v=0',
  `o=${CAMERA_ID} 0 0 IN IP4 127.0.0.2`,
  's=Play',
  'c=IN IP4 127.0.0.2',
  't=0 0',
  'm=video 15060 RTP/AVP 96',
  'a=sendonly',
  'a=rtpmap:96 PS/90000',
  'y=0200001001',
  'f=',
  '',
].join('\r\n');

function invite(more: Partial<LiveInvite> = {}): Promise<LiveSession> {
  return harness.platform.invite({
    deviceId: DEVICE_ID,
    channelId: CAMERA_ID,
    subStream: 0,
    ssrc: { value: 200_001_001, text: '0200001001', release: () => undefined },
    transport: 'tcp-passive',
    mediaAddress: '127.0.0.1',
    mediaPort: 30_000,
    ...more,
  });
}

describe('offer', () => {
  const head = ['v=0', `o=${CAMERA_ID} 0 0 IN IP4 127.0.0.1`, 's=Play', 'c=IN IP4 127.0.0.1', 't=0 0'];
  const maps = ['a=recvonly', 'a=rtpmap:96 PS/90000', 'a=rtpmap:97 MPEG4/90000', 'a=rtpmap:98 H264/90000'];
  const tcp = 'm=video 30000 TCP/RTP/AVP 96 97 98';
  test.each([
    { transport: 'udp' as const, lines: ['m=video 30000 RTP/AVP 96 97 98', ...maps] },
    { transport: 'tcp-passive' as const, lines: [tcp, ...maps, 'a=setup:passive', 'a=connection:new'] },
    { transport: 'tcp-active' as const, lines: [tcp, ...maps, 'a=setup:active', 'a=connection:new'] },
  ])('quirk: lines of the offer over $transport: y= behind every a=, no blank line', async ({ transport, lines }) => {
    await invite({ transport });
    const [request] = harness.engine.invites;
    expect(request?.body?.toString().split('\r\n')).toEqual([...head, ...lines, 'y=0200001001', '']);
  });

  test('request line, From, To, Contact and Subject', async () => {
    await invite();
    expect(harness.engine.invites[0]).toMatchObject({
      uri: `sip:${CAMERA_ID}@127.0.0.2:5060`,
      from: `sip:${SERIAL}@3402000000`,
      to: `sip:${CAMERA_ID}@3402000000`,
      contactUser: SERIAL,
      contentType: 'Application/SDP',
      headers: [['Subject', `${CAMERA_ID}:0200001001,${SERIAL}:0`]],
      target: { remoteAddress: '127.0.0.2', remotePort: 5060 },
    });
  });

  test('an IPv6 media address', async () => {
    await invite({ mediaAddress: 'fd00::1' });
    expect(harness.engine.invites[0]?.body?.toString()).toContain('c=IN IP6 fd00::1\r\n');
  });

  const dialects: Array<{ dialect: SubStreamDialect | undefined; main: string[]; sub: string[] }> = [
    { dialect: undefined, main: [], sub: [] },
    { dialect: 'none', main: [], sub: [] },
    { dialect: 'stream', main: ['a=stream:0'], sub: ['a=stream:1'] },
    { dialect: 'streamnumber', main: ['a=streamnumber:0'], sub: ['a=streamnumber:1'] },
    { dialect: 'streamprofile', main: ['a=streamprofile:0'], sub: ['a=streamprofile:1'] },
    { dialect: 'streamMode', main: ['a=streamMode:main'], sub: ['a=streamMode:sub'] },
  ];
  test.each(dialects)('quirk: sub-stream dialect $dialect', async ({ dialect, main, sub }) => {
    harness.platform.updateSettings(DEVICE_ID, dialect === undefined ? {} : { subStreamDialect: dialect });
    for (const [subStream, expected] of [main, sub].entries()) {
      harness.engine.invites.length = 0;
      await invite({ subStream });
      const lines = harness.engine.invites[0]?.body?.toString().split('\r\n') ?? [];
      expect(lines.filter((line) => line.startsWith('a=stream'))).toEqual(expected);
      expect(lines.at(-2)).toBe('y=0200001001');
    }
  });
});

describe('quirk: answers', () => {
  const cases: Array<{ name: string; body: string; answer: Partial<MediaAnswer> }> = [
    { name: 'as in the standard', body: ANSWER, answer: { address: '127.0.0.2', port: 15_060, ssrc: 200_001_001 } },
    { name: 'quirk: y= missing', body: ANSWER.replace(/y=.*\r\n/, ''), answer: {} },
    { name: 'quirk: y= of zeros', body: ANSWER.replace(/y=.*/, 'y=0000000000'), answer: {} },
    {
      name: 'quirk: y= differs (Hikvision rewrites)',
      body: ANSWER.replace('y=02', 'y=03'),
      answer: { ssrc: 300_001_001 },
    },
    { name: 'quirk: y= above 2^31', body: ANSWER.replace(/y=.*/, 'y=3000000001'), answer: { ssrc: 3_000_000_001 } },
    { name: 'quirk: y= above 2^32 is no SSRC', body: ANSWER.replace(/y=.*/, 'y=9999999999'), answer: {} },
    {
      name: 'quirk: y= with leading zeros is decimal',
      body: ANSWER.replace(/y=.*/, 'y=0000000010'),
      answer: { ssrc: 10 },
    },
    { name: 'quirk: y= without its leading zero', body: ANSWER.replace('y=0', 'y='), answer: { ssrc: 200_001_001 } },
    { name: 'quirk: y= twice', body: `${ANSWER}y=0000000007\r\n`, answer: { ssrc: 200_001_001 } },
    { name: 'quirk: y= before a=', body: ANSWER.replace(/a=sendonly/, 'y=5\r\na=sendonly'), answer: { ssrc: 5 } },
    { name: 'quirk: y= at the session level', body: ANSWER.replace('t=0 0', 't=0 0\r\ny=6'), answer: { ssrc: 6 } },
    {
      name: 'quirk: f= with values',
      body: ANSWER.replace('f=', 'f=v/2/6/25/1/4096a/1/8/1'),
      answer: { ssrc: 200_001_001 },
    },
    { name: 'quirk: f= of zeros', body: ANSWER.replace('f=', 'f=v/0/0/0/0/0a/0/0/0'), answer: { port: 15_060 } },
    { name: 'quirk: no final CRLF', body: ANSWER.replace('f=', '').trimEnd(), answer: { ssrc: 200_001_001 } },
    {
      name: 'quirk: LF only',
      body: ANSWER.replaceAll('\r\n', '\n'),
      answer: { address: '127.0.0.2', ssrc: 200_001_001 },
    },
    {
      name: 'quirk: garbage behind the text',
      body: `${ANSWER}\u0000\u0000\u00ff\u00fe`,
      answer: { ssrc: 200_001_001 },
    },
    {
      name: 'quirk: a blank line before a=',
      body: ANSWER.replace('a=send', '\r\na=send'),
      answer: { port: 15_060, ssrc: 200_001_001 },
    },
    {
      name: 'quirk: u= between s= and c=',
      body: ANSWER.replace('c=', `u=${CAMERA_ID}:0\r\nc=`),
      answer: { port: 15_060 },
    },
    {
      name: 'quirk: address of c=, not of o=',
      body: ANSWER.replace('0 0 IN IP4 127.0.0.2', '0 0 IN IP4 10.9.9.9'),
      answer: { address: '127.0.0.2' },
    },
    { name: 'quirk: no c=, address of o=', body: ANSWER.replace(/c=.*\r\n/, ''), answer: { address: '127.0.0.2' } },
    { name: 'quirk: o= user is the device', body: ANSWER.replace(CAMERA_ID, DEVICE_ID), answer: { port: 15_060 } },
    {
      name: 'quirk: wildcard address is the source of the SIP',
      body: ANSWER.replaceAll('127.0.0.2', '0.0.0.0'),
      answer: { address: '127.0.0.2' },
    },
    {
      name: 'quirk: PCMA/8000/1 (Dahua)',
      body: ANSWER.replace('AVP 96', 'AVP 96 8').replace('y=', 'a=rtpmap:8 PCMA/8000/1\r\ny='),
      answer: {
        payloads: [
          { payloadType: 96, encoding: 'PS' },
          { payloadType: 8, encoding: 'PCMA' },
        ],
      },
    },
    {
      name: 'quirk: PCMA with no rtpmap',
      body: ANSWER.replace('m=video 15060 RTP/AVP 96', 'm=audio 15060 RTP/AVP 8').replace(/a=rtpmap.*\r\n/, ''),
      answer: { payloads: [{ payloadType: 8, encoding: 'PCMA' }] },
    },
    {
      name: 'quirk: 96 with no rtpmap is PS',
      body: ANSWER.replace(/a=rtpmap.*\r\n/, ''),
      answer: { payloads: [{ payloadType: 96, encoding: 'PS' }] },
    },
    {
      name: 'quirk: senior SDP with its extra payload types',
      body: ANSWER.replace('AVP 96', 'AVP 96 126 125 99 34 98 97').replace(
        'y=',
        'a=rtpmap:126 H264/90000\r\na=rtpmap:99 H265/90000\r\na=fmtp:126 profile-level-id=42e01e\r\ny=',
      ),
      answer: {
        payloads: [
          { payloadType: 96, encoding: 'PS' },
          { payloadType: 126, encoding: 'H264' },
          { payloadType: 125, encoding: '' },
          { payloadType: 99, encoding: 'H265' },
          { payloadType: 34, encoding: '' },
          { payloadType: 98, encoding: 'H264' },
          { payloadType: 97, encoding: 'MPEG4' },
        ],
      },
    },
    {
      name: 'quirk: setup in an answer to a UDP offer (Hikvision)',
      body: ANSWER.replace('y=', 'a=setup:active\r\ny='),
      answer: { setup: 'active' },
    },
    {
      name: 'quirk: contradictory setup is told as written',
      body: ANSWER.replace('RTP/AVP', 'TCP/RTP/AVP').replace('y=', 'a=setup:passive\r\ny='),
      answer: { setup: 'passive' },
    },
    {
      name: 'quirk: setup in capitals with blanks',
      body: ANSWER.replace('y=', 'a=setup: ACTIVE \r\ny='),
      answer: { setup: 'active' },
    },
    { name: 'quirk: port 9 or 0 of an active answer', body: ANSWER.replace('15060', '0'), answer: { port: 0 } },
    {
      name: 'quirk: other session names',
      body: ANSWER.replace('s=Play', 's=Network Video Recorder'),
      answer: { port: 15_060 },
    },
    {
      name: 'quirk: account of the device is not shown',
      body: ANSWER.replace('y=', 'a=username:admin\r\na=password:secret\r\na=filesize:0\r\ny='),
      answer: { port: 15_060 },
    },
    {
      name: 'quirk: i=, b=, k= and unknown letters',
      body: ANSWER.replace('c=', 'i=x\r\nb=AS:1\r\nk=clear:x\r\nx=?\r\nc='),
      answer: { port: 15_060, ssrc: 200_001_001 },
    },
  ];
  test.each(cases)('$name', async ({ name, body, answer }) => {
    harness.engine.answerInvite = () => ({ status: 200, body });
    const session = await invite();
    expect(session.answer).toMatchObject(answer);
    expect(session.answer.sdp).not.toContain('secret');
    if (name.includes('y=') && answer.ssrc === undefined) expect(session.answer.ssrc).toBeUndefined();
    expect(typeof parseGbSdp(session.answer.sdp)).toBe('object');
  });

  test.each(['', 'garbage', 'v=0\r\ns=Play\r\n', ANSWER.replace('m=video', 'm=application')])(
    'an answer without media is refused and ended with BYE: %j',
    async (body) => {
      harness.engine.answerInvite = () => ({ status: 200, body });
      await expect(invite()).rejects.toMatchObject({ code: 'invite_bad_answer' });
      expect(harness.engine.dialogs.map((dialog) => dialog.byes)).toEqual([1]);
    },
  );
});

describe('how an INVITE ends', () => {
  test('progress is told in order, with the Call-ID', async () => {
    const stages: string[] = [];
    harness.engine.answerInvite = () => ({ status: 200, body: ANSWER, provisional: [100, 101, 180] });
    const session = await invite({
      onProgress: (stage, detail, callId) => stages.push(`${stage} ${detail} ${callId}`),
    });
    const { callId } = session;
    expect(stages).toEqual([
      `invite_sent tcp-passive 127.0.0.1:30000 ${callId}`,
      `trying 100 Trying ${callId}`,
      expect.stringMatching(/^ringing 101 /),
      expect.stringMatching(/^ringing 180 /),
      `ok 200 ${callId}`,
    ]);
  });

  test.each([400, 403, 404, 415, 480, 486, 488, 500, 603])(
    'a %i is an InviteRejectedError with that status',
    async (status) => {
      harness.engine.answerInvite = () => ({ status, reason: 'No' });
      await expect(invite()).rejects.toMatchObject({ code: 'invite_rejected', status, reason: 'No' });
      expect(harness.engine.invites).toHaveLength(1);
    },
  );

  test('without an answer it times out and the engine is told to CANCEL', async () => {
    harness.engine.answerInvite = () => 'silence';
    const failed = expect(invite()).rejects.toMatchObject({ code: 'invite_timeout' });
    await vi.advanceTimersByTimeAsync(5_000);
    await failed;
    expect(harness.engine.invites[0]?.signal?.aborted).toBe(true);
  });

  test.each([
    { error: new SipTimeoutError('t'), code: 'invite_timeout' },
    { error: new SipTransportError('t'), code: 'device_offline' },
    { error: new RangeError('other'), code: undefined },
  ])('errors of the engine: $code', async ({ error, code }) => {
    harness.engine.answerInvite = () => error;
    const caught: unknown = await invite().catch((thrown: unknown) => thrown);
    expect((caught as { code?: string }).code).toBe(code);
  });

  describe('quirk: no answer to the INVITE, but its packets', () => {
    async function unanswered(): Promise<{ session: LiveSession; stages: string[] }> {
      const stages: string[] = [];
      const packets = Promise.withResolvers<void>();
      harness.engine.answerInvite = () => 'silence';
      const opening = invite({
        firstPacket: packets.promise,
        onProgress: (stage, detail) => stages.push(`${stage} ${detail}`),
      });
      await settle();
      packets.resolve();
      return { session: await opening, stages };
    }

    test('quirk: the session is kept with what was offered, and the timeline is told', async () => {
      const { session, stages } = await unanswered();
      expect(harness.engine.invites[0]?.assumedAnswer?.afterMs).toBe(2_500);
      expect(stages.at(-1)).toBe('ok no 200; packets arrived, ACK sent');
      expect(session).toMatchObject({
        ended: false,
        answer: {
          address: '127.0.0.2',
          ssrc: 200_001_001,
          payloads: [
            { payloadType: 96, encoding: 'PS' },
            { payloadType: 97, encoding: 'MPEG4' },
            { payloadType: 98, encoding: 'H264' },
          ],
        },
      });
      await vi.advanceTimersByTimeAsync(60_000);
      expect([session.ended, harness.engine.invites[0]?.signal?.aborted]).toEqual([false, false]);
      await session.bye();
      expect(harness.engine.dialogs[0]?.byes).toBe(1);
    });

    test('quirk: the SDP of a 200 after all is taken over', async () => {
      const { session } = await unanswered();
      const answers: MediaAnswer[] = [];
      session.on('answered', (answer) => answers.push(answer));
      harness.engine.dialogs[0]?.answer(harness.engine.lateAnswer(ANSWER.replace('y=02', 'y=03')));
      expect(answers).toMatchObject([{ ssrc: 300_001_001, port: 15_060 }]);
      expect([session.answer, session.ended]).toMatchObject([{ ssrc: 300_001_001 }, false]);
    });

    test.each(['', 'garbage'])('quirk: a 200 after all without SDP changes nothing: %j', async (body) => {
      const { session } = await unanswered();
      const { answer } = session;
      harness.engine.dialogs[0]?.answer(harness.engine.lateAnswer(body));
      expect([session.answer, session.ended, harness.engine.dialogs[0]?.byes]).toEqual([answer, false, 0]);
    });

    test('quirk: a refusal after all ends the session as rejected', async () => {
      const { session } = await unanswered();
      const ended: string[] = [];
      session.on('ended', (reason) => ended.push(reason));
      harness.engine.dialogs[0]?.end('rejected');
      expect([ended, harness.engine.dialogs[0]?.byes]).toEqual([['device_rejected'], 0]);
    });

    test('without packets it is invite_timeout as ever', async () => {
      harness.engine.answerInvite = () => 'silence';
      const failed = expect(invite({ firstPacket: new Promise(() => undefined) })).rejects.toMatchObject({
        code: 'invite_timeout',
      });
      await vi.advanceTimersByTimeAsync(5_000);
      await failed;
      expect([harness.engine.invites[0]?.signal?.aborted, harness.engine.dialogs]).toEqual([true, []]);
    });
  });

  test('a caller that gives up, before or during', async () => {
    harness.engine.answerInvite = () => 'silence';
    await expect(invite({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'invite_aborted' });
    expect(harness.engine.invites).toHaveLength(0);
    const controller = new AbortController();
    const failed = expect(invite({ signal: controller.signal })).rejects.toMatchObject({ code: 'invite_aborted' });
    await settle();
    controller.abort();
    await failed;
    expect(harness.engine.invites[0]?.signal?.aborted).toBe(true);
  });

  test('an answer that comes after all is ended with BYE', async () => {
    const original = harness.engine.invite.bind(harness.engine);
    const late = Promise.withResolvers<void>();
    harness.engine.invite = async (options) => {
      await late.promise;
      return original(options);
    };
    const failed = expect(invite()).rejects.toMatchObject({ code: 'invite_timeout' });
    await vi.advanceTimersByTimeAsync(5_000);
    await failed;
    late.resolve();
    await settle();
    expect(harness.engine.dialogs.map((dialog) => dialog.byes)).toEqual([1]);
  });

  test('an offline, unknown or not admitted device is refused without a request', async () => {
    await expect(invite({ deviceId: '9' })).rejects.toMatchObject({ code: 'device_offline' });
    harness.camera().register({ expires: 0 });
    await expect(invite()).rejects.toMatchObject({ code: 'device_offline' });
    expect(harness.engine.invites).toHaveLength(0);
  });

  test('quirk: 486 with a stale dialog: BYE to the old one, then once more', async () => {
    const old = await invite();
    const ended: string[] = [];
    old.on('ended', (reason) => ended.push(reason));
    const other = await invite({ channelId: `${CAMERA_ID.slice(0, -1)}2` });
    let busy = true;
    harness.engine.answerInvite = () => {
      const answer = busy ? { status: 486 } : { status: 200, body: ANSWER };
      busy = false;
      return answer;
    };
    const session = await invite();
    expect([ended, old.ended, other.ended, session.ended]).toEqual([['local_bye'], true, false, false]);
    expect(harness.engine.dialogs[0]?.byes).toBe(1);
    harness.engine.answerInvite = () => ({ status: 486 });
    await expect(invite()).rejects.toMatchObject({ status: 486 });
    await expect(invite()).rejects.toMatchObject({ status: 486 });
  });
});

describe('live session', () => {
  test.each([
    { reason: 'remote_bye' as const, told: 'device_bye' },
    { reason: 'timeout' as const, told: 'lost' },
    { reason: 'transport' as const, told: 'lost' },
  ])('$reason of the dialog is told as $told, once, and needs no BYE', async ({ reason, told }) => {
    const session = await invite();
    const reasons: string[] = [];
    session.on('ended', (each) => reasons.push(each));
    const [dialog] = harness.engine.dialogs;
    dialog?.end(reason);
    dialog?.end('closed');
    await session.bye();
    expect([reasons, session.ended, dialog?.byes]).toEqual([[told], true, 0]);
  });

  test('a BYE right behind the 200 is told after the caller has the session', async () => {
    const original = harness.engine.invite.bind(harness.engine);
    harness.engine.invite = async (options) => {
      const dialog = await original(options);
      harness.engine.dialogs[0]?.end('remote_bye');
      return dialog;
    };
    const session = await invite();
    const reasons: string[] = [];
    session.on('ended', (each) => reasons.push(each));
    await vi.advanceTimersByTimeAsync(1);
    expect([reasons, session.ended]).toEqual([['device_bye'], true]);
  });

  test('bye is idempotent', async () => {
    const session = await invite();
    const reasons: string[] = [];
    session.on('ended', (each) => reasons.push(each));
    await Promise.all([session.bye(), session.bye()]);
    await session.bye();
    expect([reasons, harness.engine.dialogs[0]?.byes]).toEqual([['local_bye'], 1]);
  });

  test('a device that unregisters takes its sessions with it', async () => {
    const session = await invite();
    const reasons: string[] = [];
    session.on('ended', (each) => reasons.push(each));
    harness.camera().register({ expires: 0 });
    expect([reasons, harness.engine.dialogs[0]?.byes]).toEqual([['device_offline'], 1]);
  });

  test('quirk: a SIP flap does not tear media down', async () => {
    const session = await invite();
    vi.advanceTimersByTime(400_000);
    expect([harness.platform.device(DEVICE_ID)?.online, session.ended]).toEqual([false, false]);
  });

  test('quirk: a device that registers again without a word (Uniview) keeps its session', async () => {
    const session = await invite();
    const camera = harness.camera();
    expect(camera.register().status).toBe(200);
    camera.flow = fakeFlow('127.0.0.2', { remotePort: 6060 });
    expect(camera.register().status).toBe(200);
    expect([session.ended, harness.engine.dialogs[0]?.byes]).toEqual([false, 0]);
  });

  test('closing the platform sends every BYE, then closes the engine, even when BYEs hang', async () => {
    const sessions = [await invite(), await invite({ channelId: '2' })];
    harness.engine.dialogs[1]!.bye = () => new Promise(() => undefined);
    const closed = harness.platform.close();
    await vi.advanceTimersByTimeAsync(2_000);
    await closed;
    expect([sessions.map((each) => each.ended), harness.engine.closed]).toEqual([[true, true], true]);
    await expect(invite()).rejects.toMatchObject({ code: 'request_aborted' });
  });
});

test('media transports: fixed, else learned before the defaults', () => {
  const { platform } = harness;
  expect(platform.mediaTransports(DEVICE_ID)).toEqual(['tcp-passive', 'udp', 'tcp-active']);
  platform.rememberTransport(DEVICE_ID, 'tcp-active');
  platform.rememberTransport('nobody', 'udp');
  expect(platform.mediaTransports(DEVICE_ID)).toEqual(['tcp-active', 'tcp-passive', 'udp']);
  platform.updateSettings(DEVICE_ID, { mediaTransport: 'udp' });
  expect(platform.mediaTransports(DEVICE_ID)).toEqual(['udp']);
  expect(platform.mediaTransports('nobody')).toEqual(['tcp-passive', 'udp', 'tcp-active']);
});
