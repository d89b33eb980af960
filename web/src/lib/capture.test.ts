import { describe, expect, test } from 'vitest';
import {
  audioConstraints,
  captureProblem,
  type CaptureChoice,
  NO_SOUND,
  publishableCodecs,
  SCREEN_SOUND,
  videoConstraints,
} from './capture.ts';

const choice: CaptureChoice = { source: 'camera', cameraId: '', sound: '', resolution: '1280x720' };
const domError = (name: string, message = '') => Object.assign(new Error(message), { name });

describe('captureProblem', () => {
  test.each([
    { name: 'NotAllowedError', source: 'camera', problem: 'denied' },
    { name: 'NotAllowedError', source: 'microphone', problem: 'denied' },
    { name: 'NotAllowedError', source: 'screen', problem: undefined },
    { name: 'NotAllowedError', message: 'Permission denied by system', source: 'screen', problem: 'systemDenied' },
    { name: 'NotFoundError', source: 'camera', problem: 'noCamera' },
    { name: 'NotFoundError', source: 'microphone', problem: 'noMicrophone' },
    { name: 'NotFoundError', source: 'screen', problem: 'noScreen' },
    { name: 'NotReadableError', source: 'camera', problem: 'busy' },
    { name: 'OverconstrainedError', source: 'camera', problem: 'constraints' },
    { name: 'SecurityError', source: 'camera', problem: 'insecure' },
    { name: 'TypeError', source: 'camera', problem: 'other' },
  ] as const)('$name of $source', ({ name, source, problem, ...rest }) => {
    expect(captureProblem(domError(name, 'message' in rest ? rest.message : ''), source)).toBe(problem);
  });

  test('what is no Error', () => expect(captureProblem('odd', 'camera')).toBe('other'));
});

test('constraints', () => {
  expect(videoConstraints(choice)).toEqual({
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30 },
  });
  expect(videoConstraints({ ...choice, cameraId: 'cam' })).toMatchObject({ deviceId: { exact: 'cam' } });
  expect(audioConstraints(choice)).not.toHaveProperty('deviceId');
  expect(audioConstraints({ ...choice, sound: 'mic' })).toMatchObject({ deviceId: { exact: 'mic' } });
  expect(audioConstraints({ ...choice, sound: NO_SOUND })).toBeUndefined();
  expect(audioConstraints({ ...choice, sound: SCREEN_SOUND })).toBeUndefined();
});

test('codecs that can be chosen', () => {
  const offered = ['video/VP8', 'video/rtx', 'video/H264', 'video/H264', 'video/H265', 'video/red', 'video/ulpfec'];
  expect(publishableCodecs(offered.map((mimeType) => ({ mimeType })))).toEqual([
    { value: 'video/h264', label: 'H.264' },
    { value: 'video/vp8', label: 'VP8' },
  ]);
  expect(publishableCodecs([])).toEqual([]);
});
