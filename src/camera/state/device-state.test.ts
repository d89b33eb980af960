import { expect, test } from 'vitest';
import { DeviceState } from './device-state.ts';

const ID = '34020000001320000001';
const segment = { startHour: 8, startMin: 0, startSec: 0, stopHour: 9, stopMin: 0, stopSec: 0 };

test('configuration keeps the fields that are not given', () => {
  const state = new DeviceState();
  state.configure(ID, { OSDConfig: { textCount: 1, texts: [{ text: 'A', x: 1, y: 2 }] } });
  state.configure(ID, { OSDConfig: { timeEnabled: false } });
  expect(state.config(ID).OSDConfig).toMatchObject({ timeEnabled: false, textCount: 1, texts: [{ text: 'A' }] });
});

test('a count of 0 empties its list, of which no item can say so', () => {
  const state = new DeviceState();
  const schedules = [{ weekDay: 1, segmentCount: 1, segments: [segment] }];
  state.configure(ID, {
    OSDConfig: { textCount: 1, texts: [{ text: 'A', x: 1, y: 2 }] },
    VideoRecordPlan: { enabled: true, scheduleCount: 1, schedules },
  });
  state.configure(ID, { OSDConfig: { textCount: 0 }, VideoRecordPlan: { enabled: true, scheduleCount: 0 } });
  expect(state.config(ID).OSDConfig?.texts).toBeUndefined();
  expect(state.config(ID).VideoRecordPlan?.schedules).toBeUndefined();
});
