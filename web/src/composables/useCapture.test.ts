import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope, nextTick, ref } from 'vue';
import type { CaptureChoice } from '../lib/capture.ts';
import { useCapture } from './useCapture.ts';

class FakeTrack extends EventTarget {
  readonly kind: string;
  stopped = false;

  constructor(kind: string) {
    super();
    this.kind = kind;
  }

  stop(): void {
    this.stopped = true;
  }

  /** As when the device is pulled out. */
  end(): void {
    this.dispatchEvent(new Event('ended'));
  }
}

const CAMERA: CaptureChoice = { source: 'camera', cameraId: '', sound: '', resolution: '640x360' };

/** What the page was given, in order. */
let given: FakeTrack[] = [];
/** Answers the list of devices; it waits for that. */
let answerDevices: () => void = () => undefined;

const take = (...kinds: string[]) => {
  const tracks = kinds.map((kind) => new FakeTrack(kind));
  given.push(...tracks);
  return {
    getVideoTracks: () => tracks.filter(({ kind }) => kind === 'video'),
    getAudioTracks: () => tracks.filter(({ kind }) => kind === 'audio'),
  };
};

const DEVICES = ['videoinput', 'audioinput'].map((kind) => ({ kind, deviceId: kind, label: kind }));

const enumerateDevices = vi.fn(async () => DEVICES);
const getUserMedia = vi.fn(async ({ video, audio }: { video: unknown; audio: unknown }) =>
  take(...(video ? ['video'] : []), ...(audio ? ['audio'] : [])),
);

beforeEach(() => {
  given = [];
  answerDevices = () => undefined;
  vi.clearAllMocks();
  const getDisplayMedia = async () => take('video', 'audio');
  const mediaDevices = Object.assign(new EventTarget(), { enumerateDevices, getUserMedia, getDisplayMedia });
  vi.stubGlobal('window', { isSecureContext: true });
  vi.stubGlobal('navigator', { mediaDevices, permissions: { query: async () => ({ state: 'granted' }) } });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function open(choice: Partial<CaptureChoice> = {}) {
  const scope = effectScope();
  const capture = scope.run(() => useCapture(ref({ ...CAMERA, ...choice })))!;
  return { capture, close: () => scope.stop() };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a headset that is pulled out takes only the sound away, and that is told', async () => {
  const { capture, close } = open();
  await vi.waitUntil(() => capture.active.value);
  const [video, audio] = given;
  audio!.end();
  expect(capture.captured.value).toEqual({ video, audio: undefined });
  expect(video!.stopped).toBe(false);
  expect([capture.lost.value, capture.problem.value]).toEqual(['audio', undefined]);
  await capture.open();
  expect(capture.captured.value).toEqual({ video: given[2], audio: given[3] });
  expect(capture.lost.value).toBeUndefined();
  close();
});

test('with the last one nothing is left, and that is a problem', async () => {
  const { capture, close } = open();
  await vi.waitUntil(() => capture.active.value);
  given[0]!.end();
  expect(capture.lost.value).toBe('video');
  given[1]!.end();
  expect(capture.active.value).toBe(false);
  expect([capture.lost.value, capture.problem.value]).toEqual([undefined, 'ended']);
  close();
});

test('a screen that is no longer shared ends with its sound, and nothing is wrong', async () => {
  const { capture, close } = open({ source: 'screen', sound: 'screen' });
  await capture.open();
  given[0]!.end();
  expect(given[1]!.stopped).toBe(true);
  expect(capture.active.value).toBe(false);
  expect([capture.lost.value, capture.problem.value]).toEqual([undefined, undefined]);
  close();
});

test('a page that is left before the devices are listed opens no camera', async () => {
  enumerateDevices.mockImplementationOnce(() => new Promise((resolve) => (answerDevices = () => resolve(DEVICES))));
  const { capture, close } = open();
  close();
  answerDevices();
  await settled();
  expect(getUserMedia).not.toHaveBeenCalled();
  await capture.open();
  await nextTick();
  expect(getUserMedia).not.toHaveBeenCalled();
  expect(capture.active.value).toBe(false);
});
