import { describe, expect, test } from 'vitest';
import { FrameLog } from './frame-log.ts';

describe('FrameLog', () => {
  test('knows the last two loops', () => {
    const log = new FrameLog();
    for (const [at, index] of [
      [100, 5],
      [200, 5],
      [300, 5],
      [310, 4_000],
    ] as const)
      log.record(index, at);
    const asked = [299, 300, 1_000, 199, 99].map((before) => log.sentAt(5, before));
    expect(asked).toEqual([200, 300, 300, undefined, undefined]);
    expect([log.sentAt(4_000, 1_000), log.sentAt(6, 1_000), log.sentAt(-1, 1_000)]).toEqual([
      310,
      undefined,
      undefined,
    ]);
  });
});
