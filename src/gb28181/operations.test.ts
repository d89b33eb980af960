import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  configDownloadResponse,
  cruiseTrackResponse,
  deviceUpgradeResultNotify,
  homePositionResponse,
  parseDeviceConfig,
  parseDeviceControl,
  presetResponse,
  resultResponse,
  type DeviceControl,
  type Preset,
} from './index.ts';
import { CAMERA_ID, DEVICE_ID, settle, type FakeCamera, type Harness } from './testing/harness.ts';
import { openQuiet } from './testing/quiet-device.ts';

const TARGET = { deviceId: DEVICE_ID, channelId: CAMERA_ID };
const OWN = { deviceId: DEVICE_ID, channelId: DEVICE_ID };
/** Of the harness, and of an answer in parts. */
const TIMEOUT_MS = 2_000;

let harness: Harness;
let camera: FakeCamera;

async function open(gbVersion?: string): Promise<void> {
  ({ harness, camera } = await openQuiet(gbVersion === undefined ? {} : { headers: [['X-GB-ver', gbVersion]] }));
}

beforeEach(async () => {
  vi.useFakeTimers();
  await open('3.0');
});
afterEach(async () => {
  await harness.platform.close();
  vi.useRealTimers();
});

/** SN of the latest command of this kind. */
const snOf = (cmdType: string): number => harness.sentCommands(cmdType).at(-1)?.sn ?? 0;
const capability = (command: string) =>
  harness.platform.capabilities(DEVICE_ID).find((each) => each.command === command);
const answerControl = (ok: boolean, sn = snOf('DeviceControl')) =>
  camera.message(resultResponse({ cmdType: 'DeviceControl', sn, deviceId: CAMERA_ID }, ok));

describe('controls: sent, confirmed, refused and unanswered are told apart', () => {
  const sent: DeviceControl[] = [
    { kind: 'ptz', hex: 'A50F0100000000B5' },
    { kind: 'key_frame' },
    { kind: 'reboot' },
    { kind: 'precise_ptz', position: { pan: 1 } },
    { kind: 'format_sd_card', card: 1 },
    { kind: 'target_track', mode: 'Stop' },
    {
      kind: 'drag_zoom',
      direction: 'in',
      area: { length: 100, width: 100, midPointX: 50, midPointY: 50, lengthX: 10, lengthY: 10 },
    },
  ];
  test.each(sent)('$kind is sent, with the channel in the body', async (control) => {
    const { command, outcome } = await harness.platform.controls.run(TARGET, control);
    expect(outcome).toBe('sent');
    expect(capability(command)).toMatchObject({ outcome: 'sent', detail: '' });
    const [message] = harness.sentCommands('DeviceControl');
    expect(message?.deviceId).toBe(CAMERA_ID);
    expect(parseDeviceControl(message!)).toEqual(control);
  });

  const answered: DeviceControl[] = [
    { kind: 'record', on: true },
    { kind: 'guard', set: true },
    { kind: 'alarm_reset' },
    { kind: 'home_position', home: { enabled: false } },
  ];
  test.each(answered)('$kind is confirmed by its Response', async (control) => {
    const result = harness.platform.controls.run(TARGET, control);
    await settle();
    answerControl(true);
    const { command, outcome } = await result;
    expect(outcome).toBe('confirmed');
    expect(capability(command)).toMatchObject({ outcome: 'confirmed' });
  });

  test('Result ERROR is a refusal, with what the device says', async () => {
    const result = harness.platform.controls.run(TARGET, { kind: 'record', on: true });
    result.catch(() => undefined);
    await settle();
    const body = `<Response><CmdType>DeviceControl</CmdType><SN>${snOf('DeviceControl')}</SN><DeviceID>1</DeviceID><Result>Error</Result><Reason>disk full</Reason></Response>`;
    camera.raw(body);
    await expect(result).rejects.toMatchObject({
      code: 'device_refused',
      message: expect.stringContaining('disk full'),
    });
    expect(capability('RecordCmd')).toMatchObject({ outcome: 'refused', detail: 'Result ERROR: disk full' });
  });

  test('a SIP status is a refusal, also of what has no Response', async () => {
    harness.engine.answer = () => ({ status: 405 });
    await expect(harness.platform.controls.run(OWN, { kind: 'reboot' })).rejects.toMatchObject({ status: 405 });
    expect(capability('TeleBoot')).toMatchObject({ outcome: 'refused', detail: 'status 405' });
  });
});

describe('bad answers', () => {
  /** Wrapped: a promise that is returned would be waited for. */
  const started = async () => {
    const run = harness.platform.controls.run(TARGET, { kind: 'guard', set: true });
    run.catch(() => undefined);
    await settle();
    return { run };
  };

  test('bad input: an answer that never comes is left unanswered after the time limit', async () => {
    const { run } = await started();
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    await expect(run).rejects.toMatchObject({ code: 'device_no_response' });
    expect(capability('GuardCmd')).toMatchObject({ outcome: 'unanswered' });
  });

  test('bad input: an answer with the wrong SN is not taken for this one', async () => {
    const { run } = await started();
    answerControl(true, snOf('DeviceControl') + 1);
    answerControl(true, 0);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    await expect(run).rejects.toMatchObject({ code: 'device_no_response' });
  });

  test('bad input: an answer that comes twice counts once', async () => {
    const { run } = await started();
    expect(answerControl(true).status).toBe(200);
    expect(answerControl(false).status).toBe(200);
    await expect(run).resolves.toEqual({ command: 'GuardCmd', outcome: 'confirmed' });
    expect(answerControl(false).status).toBe(200);
    expect(capability('GuardCmd')).toMatchObject({ outcome: 'confirmed' });
  });

  test('bad input: an answer in broken XML is told as such', async () => {
    const { run } = await started();
    camera.raw(`<Respon<CmdType>DeviceControl</CmdType><SN>${snOf('DeviceControl')}</SN><Res`);
    await expect(run).rejects.toMatchObject({ code: 'device_bad_answer' });
  });

  test('bad input: a device that goes away, and one that nobody knows', async () => {
    await expect(
      harness.platform.controls.run({ deviceId: 'x', channelId: 'x' }, { kind: 'reboot' }),
    ).rejects.toMatchObject({ code: 'device_offline' });
    camera.register({ expires: 0 });
    await expect(harness.platform.controls.run(OWN, { kind: 'reboot' })).rejects.toMatchObject({
      code: 'device_offline',
    });
  });
});

describe('editions', () => {
  const precise: DeviceControl = { kind: 'precise_ptz', position: { pan: 1 } };

  test('a command of 2022 is refused for a device of 2016, and sent by force', async () => {
    await open();
    await expect(harness.platform.controls.run(TARGET, precise)).rejects.toMatchObject({ code: 'edition_unsupported' });
    await expect(harness.platform.queries.ptzPosition(TARGET)).rejects.toMatchObject({ code: 'edition_unsupported' });
    await expect(harness.platform.configs.read(OWN, ['BasicParam', 'OSDConfig'])).rejects.toMatchObject({
      code: 'edition_unsupported',
    });
    await expect(harness.platform.configs.write(OWN, { FrameMirror: 1 })).rejects.toMatchObject({
      code: 'edition_unsupported',
    });
    expect(harness.sentCommands()).toEqual([]);
    expect(await harness.platform.controls.run(TARGET, precise, { force: true })).toMatchObject({ outcome: 'sent' });
  });

  test('what a device of 2016 has confirmed once needs no force any more', async () => {
    await open();
    const forced = harness.platform.queries.homePosition(TARGET, { force: true });
    await settle();
    camera.message(homePositionResponse(snOf('HomePositionQuery'), CAMERA_ID, { enabled: true }));
    expect(await forced).toEqual({ enabled: true });
    const again = harness.platform.queries.homePosition(TARGET);
    await settle();
    camera.message(homePositionResponse(snOf('HomePositionQuery'), CAMERA_ID, undefined));
    expect(await again).toBeUndefined();
  });

  test('elements of 2022 are left out for a device of 2016', async () => {
    const preset: DeviceControl = { kind: 'ptz', hex: 'A50F01810005003B', presetName: '大门' };
    await harness.platform.controls.run(TARGET, preset);
    expect(parseDeviceControl(harness.sentCommands('DeviceControl')[0]!)).toEqual(preset);
    await open();
    await harness.platform.controls.run(TARGET, preset);
    expect(parseDeviceControl(harness.sentCommands('DeviceControl')[0]!)).toEqual({ kind: 'ptz', hex: preset.hex });
    const record = harness.platform.controls.run(TARGET, { kind: 'record', on: true, streamNumber: 1 });
    await settle();
    answerControl(true);
    await record;
    expect(parseDeviceControl(harness.sentCommands('DeviceControl')[1]!)).toEqual({ kind: 'record', on: true });
  });
});

describe('answers in parts', () => {
  const part = (sumNum: number, ...ids: number[]) =>
    presetResponse(snOf('PresetQuery'), CAMERA_ID, {
      sumNum,
      items: ids.map((id) => ({ id: String(id), name: `P${id}` })),
    });
  const ids = (items: readonly Preset[]) => items.map(({ id }) => Number(id));

  test('quirk: parts of a preset list add up, repeated ones count once', async () => {
    const result = harness.platform.queries.presets(TARGET);
    await settle();
    camera.message(part(3, 1, 2));
    camera.message(part(3, 1, 2));
    camera.message(part(3, 3));
    const { items, ...rest } = await result;
    expect(ids(items)).toEqual([1, 2, 3]);
    expect(rest).toEqual({ sumNum: 3, complete: true });
  });

  test('quirk: a preset list that stays incomplete is kept and marked', async () => {
    const result = harness.platform.queries.presets(TARGET);
    await settle();
    camera.message(part(300, 1, 2));
    camera.raw(`<Respo<CmdType>PresetQuery</CmdType><SN>${snOf('PresetQuery')}</SN><Sum`);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    const { items, ...rest } = await result;
    expect(ids(items)).toEqual([1, 2]);
    expect(rest).toEqual({ sumNum: 300, complete: false });
  });

  test('a track may pass a preset twice', async () => {
    const result = harness.platform.queries.cruiseTrack(TARGET, 0);
    await settle();
    const items = [1, 2, 1].map((presetIndex) => ({ presetIndex, stayTime: 5, speed: 3 }));
    camera.message(
      cruiseTrackResponse(snOf('CruiseTrackQuery'), CAMERA_ID, { number: 0, name: 'round', sumNum: 3, items }),
    );
    expect(await result).toEqual({ number: 0, name: 'round', items, sumNum: 3, complete: true });
  });

  test('quirk: HomePositionQuery is answered as HomePosition (Dahua)', async () => {
    const result = harness.platform.queries.homePosition(TARGET);
    await settle();
    const home = { enabled: true, resetTime: 30, presetIndex: 2 };
    camera.message({
      ...homePositionResponse(snOf('HomePositionQuery'), CAMERA_ID, home),
      cmdType: 'HomePosition',
    });
    expect(await result).toEqual(home);
  });
});

describe('configuration', () => {
  const answer = (values: Parameters<typeof configDownloadResponse>[2]) =>
    camera.message(configDownloadResponse(snOf('ConfigDownload'), DEVICE_ID, values));
  const refuse = () =>
    camera.message(
      resultResponse({ cmdType: 'ConfigDownload', sn: snOf('ConfigDownload'), deviceId: DEVICE_ID }, false),
    );

  test.each([
    ['one Response for each type', [{ FrameMirror: 1 }, { AlarmReport: { motionDetection: true } }]],
    ['one Response that holds both', [{ FrameMirror: 1, AlarmReport: { motionDetection: true } }]],
  ])('several types in one query: %s', async (_name, answers) => {
    const result = harness.platform.configs.read(OWN, ['FrameMirror', 'AlarmReport']);
    await settle();
    for (const each of answers) answer(each);
    expect(await result).toEqual({
      values: { FrameMirror: 1, AlarmReport: { motionDetection: true } },
      missing: [],
      complete: true,
    });
    expect(capability('ConfigDownload/FrameMirror')).toMatchObject({ outcome: 'confirmed' });
  });

  test('a type that the device does not have is missing, the others are here', async () => {
    const result = harness.platform.configs.read(OWN, ['FrameMirror', 'OSDConfig']);
    await settle();
    answer({ FrameMirror: 2 });
    refuse();
    expect(await result).toEqual({ values: { FrameMirror: 2 }, missing: ['OSDConfig'], complete: true });
    expect(capability('ConfigDownload/OSDConfig')).toMatchObject({ outcome: 'refused' });
  });

  test('a device that falls silent: what came is kept and marked', async () => {
    const result = harness.platform.configs.read(OWN, ['FrameMirror', 'OSDConfig']);
    await settle();
    answer({ FrameMirror: 2 });
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    expect(await result).toEqual({ values: { FrameMirror: 2 }, missing: ['OSDConfig'], complete: false });
    expect(capability('ConfigDownload/OSDConfig')).toMatchObject({ outcome: 'unanswered' });
  });

  test('only refusals, and only silence, are errors', async () => {
    const refused = harness.platform.configs.read(OWN, ['OSDConfig']);
    refused.catch(() => undefined);
    await settle();
    refuse();
    await expect(refused).rejects.toMatchObject({ code: 'device_refused' });
    const silent = harness.platform.configs.read(OWN, ['OSDConfig']);
    silent.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    await expect(silent).rejects.toMatchObject({ code: 'device_no_response' });
    expect(capability('ConfigDownload/OSDConfig')).toMatchObject({ outcome: 'unanswered' });
  });

  test('a confirmed keepalive interval is waited by', async () => {
    const result = harness.platform.configs.write(OWN, { BasicParam: { heartBeatIntervalSec: 30 } });
    await settle();
    const [written] = harness.sentCommands('DeviceConfig');
    expect(parseDeviceConfig(written!)).toEqual({ BasicParam: { heartBeatIntervalSec: 30 } });
    camera.message(resultResponse({ cmdType: 'DeviceConfig', sn: written!.sn, deviceId: DEVICE_ID }, true));
    expect(await result).toEqual({ command: 'DeviceConfig/BasicParam', outcome: 'confirmed' });
    expect(harness.platform.device(DEVICE_ID)?.keepaliveIntervalSec).toBe(30);
  });

  test('quirk: configuration of a channel goes to the device (Dahua)', async () => {
    camera.register({
      headers: [
        ['User-Agent', 'Dahua IPC'],
        ['X-GB-ver', '3.0'],
      ],
    });
    const result = harness.platform.configs.write(TARGET, { FrameMirror: 1 });
    await settle();
    const [written] = harness.sentCommands('DeviceConfig');
    expect(written?.deviceId).toBe(DEVICE_ID);
    camera.message(resultResponse({ cmdType: 'DeviceConfig', sn: written!.sn, deviceId: DEVICE_ID }, true));
    await result;
  });
});

describe('upgrade', () => {
  const ORDER = { firmware: 'V2', fileUrl: 'http://192.0.2.1/fw.bin', manufacturer: 'ACME' };

  test('accepted, restarting, registered, done', async () => {
    const started = harness.platform.upgrades.start(OWN, ORDER);
    await settle();
    answerControl(true);
    const { sessionId, state } = await started;
    expect(state).toBe('accepted');
    await expect(harness.platform.upgrades.start(OWN, ORDER)).rejects.toMatchObject({ code: 'upgrade_running' });
    const states = [];
    camera.register({ expires: 0 });
    states.push(harness.platform.upgrades.get(DEVICE_ID)?.state);
    camera.register({ headers: [['X-GB-ver', '3.0']] });
    states.push(harness.platform.upgrades.get(DEVICE_ID)?.state);
    camera.message(
      deviceUpgradeResultNotify(1, DEVICE_ID, { sessionId: 'another', ok: false, firmware: '', failedReason: '01' }),
    );
    states.push(harness.platform.upgrades.get(DEVICE_ID)?.state);
    camera.message(deviceUpgradeResultNotify(2, DEVICE_ID, { sessionId, ok: true, firmware: 'V2', failedReason: '' }));
    states.push(harness.platform.upgrades.get(DEVICE_ID)?.state);
    expect(states).toEqual(['restarting', 'registered', 'registered', 'done']);
    expect(harness.platform.device(DEVICE_ID)?.firmware).toBe('V2');
  });

  test('a failure, a refusal, no report', async () => {
    const started = harness.platform.upgrades.start(OWN, ORDER);
    await settle();
    answerControl(true);
    const { sessionId } = await started;
    const failure = { sessionId, ok: false, firmware: '', failedReason: '02' };
    camera.message(deviceUpgradeResultNotify(1, DEVICE_ID, failure));
    expect(harness.platform.upgrades.get(DEVICE_ID)).toMatchObject({ state: 'failed', failedReason: '02' });
    const refused = harness.platform.upgrades.start(OWN, ORDER);
    refused.catch(() => undefined);
    await settle();
    answerControl(false);
    await expect(refused).rejects.toMatchObject({ code: 'device_refused' });
    expect(harness.platform.upgrades.get(DEVICE_ID)).toMatchObject({ state: 'failed', sessionId });
    const silent = harness.platform.upgrades.start(OWN, ORDER);
    await settle();
    answerControl(true);
    await silent;
    await vi.advanceTimersByTimeAsync(3_600_001);
    expect(harness.platform.upgrades.get(DEVICE_ID)?.state).toBe('no_report');
  });
});
