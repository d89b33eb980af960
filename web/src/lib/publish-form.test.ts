import { describe, expect, test } from 'vitest';
import { NO_SOUND } from './capture.ts';
import { captureChoice, restoreForm } from './publish-form.ts';

describe('restoreForm', () => {
  test('nothing stored: defaults and a name', () => {
    const { name, ...rest } = restoreForm({});
    expect(name).toMatch(/^browser-\w{4}$/);
    expect(rest).toEqual({
      source: 'camera',
      cameraId: '',
      sound: '',
      resolution: '1280x720',
      limit: '',
      codec: '',
    });
  });

  test('what was chosen comes back', () => {
    const form = {
      source: 'screen',
      cameraId: 'c',
      sound: NO_SOUND,
      resolution: '1920x1080',
      name: 'room/desk',
      limit: '2000000',
      codec: 'video/vp9',
    };
    expect(restoreForm(form)).toEqual(form);
  });

  test('nonsense is replaced', () => {
    const form = restoreForm({ source: 'printer', resolution: 7, limit: '3', name: {}, codec: null });
    expect(form).toMatchObject({ source: 'camera', resolution: '1280x720', limit: '', codec: '' });
  });
});

test('sound alone is never without sound', () => {
  const form = restoreForm({ source: 'microphone', sound: NO_SOUND });
  expect(captureChoice(form).sound).toBe('');
  expect(captureChoice({ ...form, source: 'camera' }).sound).toBe(NO_SOUND);
});
