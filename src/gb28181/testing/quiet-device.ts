import { vi } from 'vitest';
import { openHarness, type FakeCamera, type Harness, type RegisterOptions } from './harness.ts';

/** Longer than the platform waits for any answer to what it asks a device that has just come. */
const QUESTIONS_MS = 125_000;

/** Registers under fake timers and answers none of the platform's own questions: what is sent afterwards was asked for. */
export async function registerQuietly(
  harness: Harness,
  camera: FakeCamera,
  options: RegisterOptions = {},
): Promise<void> {
  camera.register(options);
  await vi.advanceTimersByTimeAsync(QUESTIONS_MS);
  camera.keepalive();
  harness.engine.sent.length = 0;
}

/** A platform with one device that is online and is not asked anything any more. */
export async function openQuiet(
  options: RegisterOptions = {},
): Promise<{ readonly harness: Harness; readonly camera: FakeCamera }> {
  const harness = await openHarness();
  const camera = harness.camera();
  await registerQuietly(harness, camera, options);
  return { harness, camera };
}
