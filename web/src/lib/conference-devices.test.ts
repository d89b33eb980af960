import { describe, expect, test } from 'vitest';
import { NO_SOUND } from './capture.ts';
import { choosesNothing, deviceChoice, MAX_NAME, NO_CAMERA, restoreDeviceForm } from './conference-devices.ts';

const FORM = { cameraId: 'c1', sound: 'm1', speakerId: '', name: 'Ann' };

test.each([
  { name: 'both', form: FORM, cameraless: false, source: 'camera', cameraId: 'c1', nothing: false },
  { name: 'no camera here', form: FORM, cameraless: true, source: 'microphone', cameraId: '', nothing: false },
  {
    name: 'no camera wanted',
    form: { ...FORM, cameraId: NO_CAMERA },
    cameraless: false,
    source: 'microphone',
    cameraId: '',
    nothing: false,
  },
  {
    name: 'no microphone wanted',
    form: { ...FORM, sound: NO_SOUND },
    cameraless: false,
    source: 'camera',
    cameraId: 'c1',
    nothing: false,
  },
  {
    name: 'neither',
    form: { ...FORM, cameraId: NO_CAMERA, sound: NO_SOUND },
    cameraless: false,
    source: 'microphone',
    cameraId: '',
    nothing: true,
  },
])('$name', ({ form, cameraless, source, cameraId, nothing }) => {
  const choice = deviceChoice(form, cameraless);
  expect(choice).toMatchObject({ source, cameraId, sound: form.sound });
  expect(choosesNothing(choice)).toBe(nothing);
});

describe('restoreDeviceForm', () => {
  test('what was stored', () => expect(restoreDeviceForm({ ...FORM })).toEqual(FORM));
  test('what does not fit is replaced', () =>
    expect(restoreDeviceForm({ cameraId: 7, name: 'x'.repeat(100) })).toEqual({
      cameraId: '',
      sound: '',
      speakerId: '',
      name: 'x'.repeat(MAX_NAME),
    }));
});
