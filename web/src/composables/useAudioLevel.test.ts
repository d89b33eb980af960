import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope, shallowRef } from 'vue';
import { useAudioLevel } from './useAudioLevel.ts';

/** Stands still until it is resumed, as on a page that nobody has touched; then all samples are 0.1. */
class FakeContext {
  state = 'suspended';

  createAnalyser() {
    return {
      fftSize: 0,
      getFloatTimeDomainData: (samples: Float32Array) => samples.fill(this.state === 'running' ? 0.1 : 0),
    };
  }

  createMediaStreamSource() {
    return { connect: () => undefined };
  }

  async resume() {
    this.state = 'running';
  }

  async close() {
    this.state = 'closed';
  }
}

const page = new EventTarget();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('window', page);
  vi.stubGlobal('AudioContext', FakeContext);
  vi.stubGlobal('MediaStream', class {});
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test.each(['pointerdown', 'keydown', 'pointerup'])('the meter starts with the first %s', async (gesture) => {
  const scope = effectScope();
  const level = scope.run(() => useAudioLevel(shallowRef({} as MediaStreamTrack)))!;
  await vi.advanceTimersByTimeAsync(500);
  expect(level.value).toBe(0);
  page.dispatchEvent(new Event(gesture));
  await vi.advanceTimersByTimeAsync(500);
  // -20 dB of -60.
  expect(level.value).toBeCloseTo(2 / 3, 2);
  scope.stop();
  expect(vi.getTimerCount()).toBe(0);
});
