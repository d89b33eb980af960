import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MediaWatch, type MediaTimeouts } from './media-watch.ts';

/** Of the handshake: it counts in `bytesReceived` before anything is published. */
const DTLS_BYTES = 1200;
/** A poll late at most. */
const LATE_MS = 5000;

let bytesReceived: number;
let rtpBytesReceived: number;
let muted: boolean;
let lost: string[];
let watch: MediaWatch;
let asked: number;
let answer: () => Promise<unknown>;

function open(timeouts: Partial<MediaTimeouts> = {}): void {
  watch = new MediaWatch({
    transport: {
      getStats: () => {
        asked += 1;
        return answer() as never;
      },
    },
    timeouts: { firstPacketMs: 30_000, silenceMs: 0, ...timeouts },
    muted: () => muted,
    onLost: (reason) => lost.push(reason),
  });
  watch.start();
}

function rtp(): void {
  bytesReceived += 1000;
  rtpBytesReceived += 1000;
}

function rtcp(): void {
  bytesReceived += 60;
}

const pass = async (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  [bytesReceived, rtpBytesReceived, muted, lost, asked] = [DTLS_BYTES, 0, false, [], 0];
  answer = async () => [{ bytesReceived, rtpBytesReceived }];
});
afterEach(() => {
  watch.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('a publisher that has never sent', () => {
  test('is lost once, 30 s after DTLS', async () => {
    open();
    watch.start();
    await pass(29_999);
    expect(lost).toEqual([]);
    await pass(1 + LATE_MS);
    expect(lost).toEqual(['no_media']);
    await pass(120_000);
    expect(lost).toEqual(['no_media']);
  });

  test.each([
    { name: 'one RTP packet right behind DTLS', send: rtp, afterMs: 0 },
    { name: 'one RTP packet', send: rtp, afterMs: 20_000 },
    { name: 'one RTCP packet', send: rtcp, afterMs: 20_000 },
  ])('is none with $name, and is not asked for any more then', async ({ send, afterMs }) => {
    open();
    await pass(afterMs);
    send();
    await pass(2 * LATE_MS);
    const before = asked;
    await pass(3_600_000);
    expect([lost, asked]).toEqual([[], before]);
  });

  test('has time while it is muted, and from then on anew', async () => {
    open();
    muted = true;
    await pass(3_600_000);
    muted = false;
    await pass(29_000);
    expect(lost).toEqual([]);
    await pass(1000 + LATE_MS);
    expect(lost).toEqual(['no_media']);
  });

  test('stays where that is off, and is lost when it stops later', async () => {
    open({ firstPacketMs: 0, silenceMs: 60_000 });
    await pass(3_600_000);
    rtp();
    await pass(60_000);
    expect(lost).toEqual([]);
    await pass(2 * LATE_MS);
    expect(lost).toEqual(['media_lost']);
  });
});

describe('a publisher that stops', () => {
  test('stays, as configured by default', async () => {
    open();
    rtp();
    await pass(86_400_000);
    expect(lost).toEqual([]);
  });

  test('is lost after the silence that is configured', async () => {
    open({ silenceMs: 60_000 });
    for (let second = 0; second < 100; second += 1) {
      rtp();
      await pass(1000);
    }
    await pass(59_000);
    expect(lost).toEqual([]);
    await pass(1000 + LATE_MS);
    expect(lost).toEqual(['media_lost']);
  });

  test('is none while reports come: a screen without a change, a microphone with DTX', async () => {
    open({ silenceMs: 60_000 });
    rtp();
    for (let minute = 0; minute < 60; minute += 1) {
      await pass(59_000);
      rtcp();
    }
    expect(lost).toEqual([]);
  });

  test('is none while it is muted', async () => {
    open({ silenceMs: 60_000 });
    rtp();
    await pass(LATE_MS);
    muted = true;
    await pass(3_600_000);
    expect(lost).toEqual([]);
  });
});

test('a worker that does not answer is not asked again, and tells no silence', async () => {
  const late = Promise.withResolvers<unknown>();
  answer = () => late.promise;
  open();
  await pass(3_600_000);
  expect([lost, asked]).toEqual([[], 1]);
  answer = async () => [{ bytesReceived, rtpBytesReceived }];
  rtp();
  late.resolve([{ bytesReceived, rtpBytesReceived }]);
  await pass(LATE_MS);
  expect(lost).toEqual([]);
});

test('a transport that has closed meanwhile is no reason', async () => {
  answer = () => Promise.reject(new Error('Channel request handler with ID not found'));
  open();
  await pass(120_000);
  expect(lost).toEqual([]);
});

test('nothing is told after its end, nor by an answer that comes then', async () => {
  open();
  await pass(29_000);
  const last = Promise.withResolvers<unknown>();
  answer = () => last.promise;
  await pass(LATE_MS);
  watch.stop();
  last.resolve([{ bytesReceived, rtpBytesReceived }]);
  await pass(0);
  watch.start();
  await pass(120_000);
  expect(lost).toEqual([]);
});

test('with both times off nobody is asked', async () => {
  open({ firstPacketMs: 0 });
  await pass(3_600_000);
  expect(asked).toBe(0);
});
