import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../util/index.ts';
import { DeviceRecord, newDevice } from './device/record.ts';
import { Interview } from './interview.ts';
import { fakeFlow } from './testing/fake-engine.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 2, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

function openInterview() {
  const asked: string[] = [];
  const answer = async (): Promise<void> => undefined;
  const interview = new Interview({
    questions: {
      info: async ({ id }) => {
        asked.push(id);
      },
      basicParam: answer,
      catalog: answer,
    },
    now: Date.now,
    log: silentLogger,
  });
  const add = (count: number): void => {
    for (let n = 0; n < count; n += 1) {
      const id = `3402000000118${String(n).padStart(7, '0')}`;
      interview.add(new DeviceRecord({ ...newDevice(id, fakeFlow('127.0.0.2')), online: true }, id));
    }
  };
  return { interview, asked, add };
}

test('after a power cut devices are asked two hundred a second, however fast they answer', async () => {
  const { interview, asked, add } = openInterview();
  add(1_000);
  await vi.advanceTimersByTimeAsync(400);
  expect(asked).toHaveLength(100);
  await vi.advanceTimersByTimeAsync(1_200);
  expect(asked).toHaveLength(400);
  await vi.advanceTimersByTimeAsync(3_400);
  expect(new Set(asked).size).toBe(1_000);
  expect(interview.waiting + interview.running).toBe(0);
  interview.close();
});

test('a few are asked at once, one after the other without a pause', async () => {
  const { interview, asked, add } = openInterview();
  add(60);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toHaveLength(60);
  expect(interview.running).toBe(0);
  interview.close();
});
