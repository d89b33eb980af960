import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  alarmNotify,
  alarmQueryResponse,
  parseAlarmQuery,
  positionNotify,
  positionResponse,
  resultResponse,
  type ToldAlarm,
} from './index.ts';
import { CAMERA_ID, DEVICE_ID, settle, type FakeCamera, type Harness } from './testing/harness.ts';
import { openQuiet } from './testing/quiet-device.ts';

const NOW = Date.UTC(2026, 2, 1, 2);
const TARGET = { deviceId: DEVICE_ID, channelId: CAMERA_ID };
const OWN = { deviceId: DEVICE_ID, channelId: DEVICE_ID };
const ALARM: ToldAlarm = {
  channelId: CAMERA_ID,
  priority: 1,
  method: 5,
  type: 2,
  eventType: 0,
  alarmedAt: NOW - 60_000,
  description: '移动',
};

let harness: Harness;
let camera: FakeCamera;
beforeEach(async () => {
  vi.useFakeTimers({ now: NOW });
  ({ harness, camera } = await openQuiet());
});
afterEach(async () => {
  await harness.platform.close();
  vi.useRealTimers();
});

const sentQuery = (cmdType: string) => harness.sentCommands(cmdType).find(({ root }) => root === 'Query')!;
const alarms = () => harness.platform.reports.alarms.list({}, { page: 1, limit: 10 }).items;
const position = { id: CAMERA_ID, at: NOW, longitude: 118, latitude: 31, height: 2 };

test('kept alarms: asked with their conditions, in one message each until all have come', async () => {
  const conditions = { startPriority: 1, alarmMethod: '2/5', fromMs: NOW - 3_600_000, toMs: NOW };
  const result = harness.platform.queries.alarms(TARGET, conditions);
  await settle();
  const { sn, deviceId, body } = sentQuery('Alarm');
  expect(deviceId).toBe(CAMERA_ID);
  expect(parseAlarmQuery(sentQuery('Alarm'))).toEqual(conditions);
  // The device registered without X-GB-ver: 2016.
  expect(body.field('AlarmMethod')).toBe('25');
  const second = { ...ALARM, alarmedAt: NOW - 30_000 };
  for (const alarm of [ALARM, ALARM, second]) camera.message(alarmQueryResponse(sn, CAMERA_ID, { sumNum: 2, alarm }));
  expect(await result).toEqual({ items: [ALARM, second], sumNum: 2, complete: true });
  expect(alarms()).toEqual([]);
});

test('an alarm that comes as a notification while kept ones are asked for is an answer, and an alarm', async () => {
  const result = harness.platform.queries.alarms(OWN);
  await settle();
  const { sn } = sentQuery('Alarm');
  const { channelId, ...facts } = ALARM;
  camera.message(alarmNotify(sn, channelId, facts));
  expect(await result).toEqual({ items: [ALARM], sumNum: 1, complete: true });
  expect(alarms()).toMatchObject([{ channelId, alarmedAt: NOW - 60_000 }]);
  await settle();
  expect(harness.sentCommands('Alarm').at(-1)).toMatchObject({ root: 'Response', sn, deviceId: channelId });
});

test.each([
  { form: 'flat', root: 'Response' },
  { form: 'list', root: 'Response' },
  { form: 'flat', root: 'Notify' },
  { form: 'list', root: 'Notify' },
] as const)('a position, asked for: $form in a $root; kept as any other', async ({ form, root }) => {
  const result = harness.platform.queries.positions(TARGET, 7);
  await settle();
  const { sn, deviceId, body } = sentQuery('MobilePosition');
  expect([deviceId, body.field('Interval')]).toEqual([CAMERA_ID, '7']);
  const write = root === 'Notify' ? positionNotify : positionResponse;
  camera.message(write(sn, { form, deviceId: CAMERA_ID, position }));
  expect(await result).toEqual({ items: [position], sumNum: 1, complete: true });
  expect(harness.platform.reports.positions.get(DEVICE_ID, CAMERA_ID)).toMatchObject({ longitude: 118, height: 2 });
});

test.each(['flat', 'list'] as const)('a device without a fix: no position, at once: %s', async (form) => {
  const result = harness.platform.queries.positions(TARGET, 5);
  await settle();
  const { sn } = sentQuery('MobilePosition');
  const nowhere = { ...position, longitude: 0, latitude: 0 };
  camera.message(positionResponse(sn, { form, deviceId: CAMERA_ID, position: nowhere }));
  expect(await result).toEqual({ items: [], sumNum: 0, complete: true });
});

test('refusals are told as such, and remembered', async () => {
  const asked = [harness.platform.queries.alarms(OWN), harness.platform.queries.positions(OWN, 5)];
  for (const each of asked) each.catch(() => undefined);
  await settle();
  for (const cmdType of ['Alarm', 'MobilePosition']) {
    camera.message(resultResponse({ cmdType, sn: sentQuery(cmdType).sn, deviceId: DEVICE_ID }, false));
  }
  for (const each of asked) await expect(each).rejects.toMatchObject({ code: 'device_refused' });
  expect(harness.platform.capabilities(DEVICE_ID)).toEqual(
    expect.arrayContaining(
      ['Alarm', 'MobilePosition'].map((command) => expect.objectContaining({ command, outcome: 'refused' })),
    ),
  );
});
