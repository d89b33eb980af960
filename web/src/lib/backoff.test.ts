import { describe, expect, test } from 'vitest';
import { backoffMs, isRetryable } from './backoff.ts';

describe('backoffMs', () => {
  test.each([
    { code: 'network', attempt: 0, ms: 500 },
    { code: 'media_lost', attempt: 1, ms: 1000 },
    { code: 'ice_failed', attempt: 3, ms: 4000 },
    { code: 'webrtc_unavailable', attempt: 5, ms: 10_000 },
    { code: 'network', attempt: 5000, ms: 10_000 },
    { code: 'invite_rejected', attempt: 0, ms: 4000 },
    { code: 'no_rtp', attempt: 9, ms: 60_000 },
    { code: 'device_offline', attempt: 0, ms: 4000 },
    { code: 'stream_unknown', attempt: 9, ms: 60_000 },
    { code: 'viewer_limit', attempt: 0, ms: 4000 },
  ])('$code, attempt $attempt: $ms ms in the middle of the spread', ({ code, attempt, ms }) => {
    expect(backoffMs(attempt, code, () => 0.5)).toBe(ms);
  });

  test('the spread is a quarter to both sides', () => {
    expect(backoffMs(1, 'network', () => 0)).toBe(750);
    expect(backoffMs(1, 'network', () => 1)).toBe(1250);
  });
});

test.each([
  { code: 'no_rtp', retry: true },
  { code: 'network', retry: true },
  { code: 'http_502', retry: true },
  { code: 'codec_unsupported', retry: false },
  { code: 'device_offline', retry: true },
  { code: 'stream_unknown', retry: true },
  { code: 'device_unknown', retry: false },
  { code: 'unauthorized', retry: false },
])('$code: retry $retry', ({ code, retry }) => {
  expect(isRetryable(code)).toBe(retry);
});
