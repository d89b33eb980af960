import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  deviceInfoResponse,
  mediaStatusNotify,
  type HistoryInvite,
  type LiveInvite,
  type LiveSession,
} from '../index.ts';
import { SipAbortedError, type SipResponse } from '../../sip/index.ts';
import { fakeFlow } from '../testing/fake-engine.ts';
import {
  CAMERA_ID,
  DEVICE_ID,
  openHarness,
  SERIAL,
  settle,
  type FakeCamera,
  type Harness,
} from '../testing/harness.ts';

let harness: Harness;
let camera: FakeCamera;
beforeEach(async () => {
  vi.useFakeTimers();
  harness = await openHarness();
  camera = harness.camera();
  camera.register();
  harness.engine.answerInvite = () => ({ status: 200, body: ANSWER });
});
afterEach(async () => {
  await harness.platform.close();
  vi.useRealTimers();
});

const ANSWER = [
  'v=0',
  `o=${CAMERA_ID} 0 0 IN IP4 127.0.0.2`,
  's=Network Video Recorder',
  'c=IN IP4 127.0.0.2',
  't=1772323200 1772326800',
  'm=video 15060 TCP/RTP/AVP 96',
  'a=sendonly',
  'a=rtpmap:96 PS/90000',
  'a=filesize:734003200',
  'y=1200001002',
  '',
].join('\r\n');

const RANGE = { fromSec: 1_772_294_400, toSec: 1_772_298_000 };

function invite(history: HistoryInvite, more: Partial<LiveInvite> = {}): Promise<LiveSession> {
  return harness.platform.invite({
    deviceId: DEVICE_ID,
    channelId: CAMERA_ID,
    subStream: 0,
    history,
    ssrc: { value: 1_200_001_002, text: '1200001002', release: () => undefined },
    transport: 'tcp-passive',
    mediaAddress: '127.0.0.1',
    mediaPort: 30_002,
    ...more,
  });
}

describe('INVITE of recorded material (GB/T 28181 13.7)', () => {
  const head = (name: string, t: string): string[] => [
    'v=0',
    `o=${CAMERA_ID} 0 0 IN IP4 127.0.0.1`,
    `s=${name}`,
    `u=${CAMERA_ID}:0`,
    'c=IN IP4 127.0.0.1',
    `t=${t}`,
  ];
  const maps = ['a=recvonly', 'a=rtpmap:96 PS/90000', 'a=rtpmap:97 MPEG4/90000', 'a=rtpmap:98 H264/90000'];
  const tcp = 'm=video 30002 TCP/RTP/AVP 96 97 98';
  const epoch = '1772294400 1772298000';
  test.each([
    {
      name: 'playback over TCP',
      history: { kind: 'playback' as const, ...RANGE },
      lines: [...head('Playback', epoch), tcp, ...maps, 'a=setup:passive', 'a=connection:new'],
    },
    {
      name: 'playback over UDP',
      history: { kind: 'playback' as const, ...RANGE },
      transport: 'udp' as const,
      lines: [...head('Playback', epoch), tcp.replace('TCP/', ''), ...maps],
    },
    {
      name: 'download at four times the speed',
      history: { kind: 'download' as const, ...RANGE, downloadSpeed: 4 },
      lines: [...head('Download', epoch), tcp, ...maps, 'a=setup:passive', 'a=connection:new', 'a=downloadspeed:4'],
    },
    {
      name: 'playback as a download that keeps the pace of play',
      history: { kind: 'playback' as const, ...RANGE, downloadSpeed: 1 },
      lines: [...head('Download', epoch), tcp, ...maps, 'a=setup:passive', 'a=connection:new', 'a=downloadspeed:1'],
    },
    {
      name: 'quirk: t= in Beijing time (Hikvision NVR)',
      history: { kind: 'playback' as const, ...RANGE },
      timeOffsetSec: 28_800,
      lines: [...head('Playback', '1772323200 1772326800'), tcp, ...maps, 'a=setup:passive', 'a=connection:new'],
    },
  ])('$name', async ({ history, transport = 'tcp-passive' as const, timeOffsetSec, lines }) => {
    if (timeOffsetSec !== undefined) harness.platform.updateSettings(DEVICE_ID, { timeOffsetSec });
    const session = await invite(history, { transport });
    const [request] = harness.engine.invites;
    expect(request?.body?.toString().split('\r\n')).toEqual([...lines, 'y=1200001002', '']);
    expect(request?.headers).toEqual([['Subject', `${CAMERA_ID}:1200001002,${SERIAL}:0`]]);
    expect(session.answer).toMatchObject({ fileSize: 734_003_200, ssrc: 1_200_001_002 });
  });

  test.each([
    { dialect: 'streamnumber' as const, line: 'a=streamnumber:1' },
    { dialect: 'streamprofile' as const, line: 'a=streamprofile:1' },
    { dialect: 'stream' as const, line: 'a=stream:1' },
    { dialect: 'streamMode' as const, line: 'a=streamMode:sub' },
  ])('of a sub-stream, in the dialect $dialect of the device', async ({ dialect, line }) => {
    harness.platform.updateSettings(DEVICE_ID, { subStreamDialect: dialect });
    await invite({ kind: 'playback', ...RANGE }, { subStream: 1 });
    expect(harness.engine.invites[0]?.body?.toString().split('\r\n')).toEqual(
      expect.arrayContaining(['s=Playback', line, 't=1772294400 1772298000']),
    );
  });

  test('SSRCs of recorded material begin with 1', () => {
    expect(harness.platform.reserveSsrc('history').text).toMatch(/^1/);
  });

  test('a device that is busy keeps the playbacks that it has', async () => {
    const first = await invite({ kind: 'playback', ...RANGE });
    harness.engine.answerInvite = () => ({ status: 486 });
    await expect(invite({ kind: 'playback', ...RANGE })).rejects.toMatchObject({
      code: 'invite_rejected',
      status: 486,
    });
    expect(first.ended).toBe(false);
  });
});

describe('a device that is still busy with what has just been ended (quirks P12)', () => {
  /** Statuses of the next INVITEs, then 200. */
  function answerWith(...statuses: number[]): void {
    harness.engine.answerInvite = () => {
      const status = statuses.shift();
      return status === undefined ? { status: 200, body: ANSWER } : { status };
    };
  }
  const again = async (): Promise<LiveSession> => {
    const invited = invite({ kind: 'playback', ...RANGE });
    invited.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(1000);
    return invited;
  };

  test('is called once more, a second later', async () => {
    const first = await invite({ kind: 'playback', ...RANGE });
    await first.bye();
    answerWith(486);
    expect((await again()).ended).toBe(false);
    expect(harness.engine.invites).toHaveLength(3);
  });

  test('is not called a third time, nor after other refusals, nor when its place has long been free', async () => {
    const first = await invite({ kind: 'playback', ...RANGE });
    await first.bye();
    answerWith(486, 486);
    await expect(again()).rejects.toMatchObject({ status: 486 });
    answerWith(403);
    await expect(again()).rejects.toMatchObject({ status: 403 });
    vi.setSystemTime(Date.now() + 10_000);
    answerWith(486);
    await expect(again()).rejects.toMatchObject({ status: 486 });
    expect(harness.engine.invites).toHaveLength(5);
  });
});

/** The device's answers to INFO. */
function answerInfo(
  answer: { readonly status: number; readonly body?: string } | 'silence',
  dialog = harness.engine.dialogs[0],
): void {
  dialog!.answerRequest = ({ signal }) =>
    answer === 'silence'
      ? new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new SipAbortedError('no'))))
      : Promise.resolve({
          ...(dialog!.established as SipResponse),
          status: answer.status,
          body: Buffer.from(answer.body ?? ''),
        });
}

describe('MANSRTSP in the dialog (GB/T 28181 14)', () => {
  test('counts its own CSeq, one order at a time', async () => {
    const session = await invite({ kind: 'playback', ...RANGE });
    answerInfo({ status: 200 });
    await Promise.all([
      session.control({ method: 'pause' }),
      session.control({ method: 'play' }),
      session.control({ method: 'play', scale: 2 }),
      session.control({ method: 'play', nptSec: 100 }),
      session.control({ method: 'play', scale: -1, nptSec: 600 }),
    ]);
    const [dialog] = harness.engine.dialogs;
    expect(dialog?.sent.map(({ method, contentType }) => `${method} ${contentType}`)).toEqual(
      Array.from({ length: 5 }, () => 'INFO Application/MANSRTSP'),
    );
    expect(dialog?.sent.map(({ body }) => body?.toString().split('\r\n').slice(0, -2))).toEqual([
      ['PAUSE RTSP/1.0', 'CSeq: 1', 'PauseTime: now'],
      ['PLAY RTSP/1.0', 'CSeq: 2', 'Range: npt=now-'],
      ['PLAY RTSP/1.0', 'CSeq: 3', 'Scale: 2.0'],
      ['PLAY RTSP/1.0', 'CSeq: 4', 'Range: npt=100-'],
      ['PLAY RTSP/1.0', 'CSeq: 5', 'Scale: -1.0', 'Range: npt=600-0'],
    ]);
  });

  test.each([
    { name: 'SIP 501', answer: { status: 501 }, code: 'device_refused', status: 501 },
    { name: 'SIP 405', answer: { status: 405 }, code: 'device_refused', status: 405 },
    {
      name: 'RTSP 457 in a SIP 200',
      answer: { status: 200, body: 'RTSP/1.0 457 Invalid Range\r\nCSeq: 4\r\n\r\n' },
      code: 'device_refused',
      status: 457,
    },
    { name: 'nothing', answer: 'silence' as const, code: 'device_no_response', status: undefined },
  ])('a device that answers $name', async ({ answer, code, status }) => {
    const session = await invite({ kind: 'playback', ...RANGE });
    answerInfo(answer);
    const asked = session.control({ method: 'pause' });
    asked.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(2_000);
    await expect(asked).rejects.toMatchObject({ code, ...(status !== undefined && { status }) });
    // The next order is not held up by it.
    answerInfo({ status: 200, body: 'RTSP/1.0 200 OK\r\nCSeq: 6\r\n\r\n' });
    await session.control({ method: 'play' });
  });
});

describe('whether a device takes MANSRTSP is remembered', () => {
  const known = () => harness.platform.capabilities(DEVICE_ID).find(({ command }) => command === 'MANSRTSP')?.outcome;
  async function controlled(answer: Parameters<typeof answerInfo>[0]): Promise<LiveSession> {
    const session = await invite({ kind: 'playback', ...RANGE });
    answerInfo(answer, harness.engine.dialogs.at(-1));
    const asked = session.control({ method: 'pause' });
    asked.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(2000);
    await asked.catch(() => undefined);
    return invite({ kind: 'playback', ...RANGE });
  }

  test.each([
    { name: 'agrees', answer: { status: 200 }, takes: true, outcome: 'confirmed' },
    { name: 'does not know INFO', answer: { status: 501 }, takes: false, outcome: 'refused' },
    { name: 'does not answer', answer: 'silence' as const, takes: false, outcome: 'unanswered' },
    {
      name: 'refuses this order',
      answer: { status: 200, body: 'RTSP/1.0 457 Invalid Range\r\n\r\n' },
      takes: true,
      outcome: undefined,
    },
    { name: 'is in trouble', answer: { status: 500 }, takes: true, outcome: undefined },
  ])('of one that $name: $takes', async ({ answer, takes, outcome }) => {
    const next = await controlled(answer);
    expect([next.takesControl, known()]).toEqual([takes, outcome]);
  });

  test('who has taken it once is asked again, whatever happens then', async () => {
    await controlled({ status: 200 });
    expect((await controlled('silence')).takesControl).toBe(true);
    expect(known()).toBe('confirmed');
  });

  test('silence counts for a day: the device may have been out of reach', async () => {
    const next = await controlled('silence');
    vi.setSystemTime(Date.now() + 86_400_001);
    expect(next.takesControl).toBe(true);
  });

  test('a refusal is forgotten with other firmware', async () => {
    const firmware = async (version: string): Promise<void> => {
      const asked = harness.platform.refreshInfo(DEVICE_ID);
      await settle();
      const info = { name: '', manufacturer: '', model: '', firmware: version };
      camera.message(deviceInfoResponse(harness.sentCommands('DeviceInfo').at(-1)?.sn ?? 0, DEVICE_ID, info));
      await asked;
    };
    await firmware('V1');
    const next = await controlled({ status: 405 });
    await firmware('V1');
    expect(next.takesControl).toBe(false);
    await firmware('V2');
    expect(next.takesControl).toBe(true);
  });

  test('and when the device registers with another User-Agent', async () => {
    const register = (userAgent: string): unknown => camera.register({ headers: [['User-Agent', userAgent]] });
    register('NVR 1.0');
    const next = await controlled({ status: 405 });
    register('NVR 1.0');
    expect(next.takesControl).toBe(false);
    register('NVR 1.1');
    expect([next.takesControl, known()]).toEqual([true, undefined]);
  });
});

describe('MediaStatus 121 (GB/T 28181 5.3)', () => {
  const ended: string[] = [];
  async function playing(): Promise<LiveSession[]> {
    ended.length = 0;
    const sessions = [await invite({ kind: 'playback', ...RANGE }), await invite({ kind: 'download', ...RANGE })];
    for (const session of sessions) session.on('fileEnded', () => ended.push(session.callId));
    return sessions;
  }
  const notify = (deviceId: string, notifyType = 121) => {
    const { root, cmdType, sn, rest = [] } = mediaStatusNotify(3, deviceId, notifyType);
    return { root, cmdType, sn, rest, deviceId };
  };
  const body = (deviceId: string): string =>
    `<Notify><CmdType>MediaStatus</CmdType><SN>1</SN><DeviceID>${deviceId}</DeviceID><NotifyType>121</NotifyType></Notify>`;

  test('in the dialog', async () => {
    const [, second] = await playing();
    const request = { method: 'MESSAGE', callId: second!.callId, body: body(CAMERA_ID) };
    expect(camera.send(request).status).toBe(200);
    expect(ended).toEqual([second?.callId]);
  });

  test('quirk: outside, by channel or by device', async () => {
    const [first] = await playing();
    expect(camera.message(notify(CAMERA_ID)).status).toBe(200);
    expect(camera.message(notify(DEVICE_ID)).status).toBe(200);
    expect(ended).toEqual([first?.callId, first?.callId]);
  });

  test('quirk: in the dialog, from a recorder under another name', async () => {
    const [first] = await playing();
    const stranger = harness.camera('34020000001180000099', fakeFlow('127.0.0.77'));
    const request = { method: 'MESSAGE', callId: first!.callId, body: body('34020000001180000099') };
    expect(stranger.send(request).status).toBe(200);
    expect(ended).toEqual([first?.callId]);
  });

  test('of nothing that plays, of another kind, or of a live picture changes nothing', async () => {
    await playing();
    expect(camera.message(notify('34020000001310000077')).status).toBe(200);
    expect(camera.message(notify(CAMERA_ID, 122)).status).toBe(200);
    expect(ended).toEqual([]);
  });
});
