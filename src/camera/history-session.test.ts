import { describe, expect, test, vi, beforeEach, afterEach } from 'vitest';
import { STANDARD_BEHAVIOUR } from './behaviour.ts';
import { FrameLog } from './frame-log.ts';
import { HistorySession } from './history-session.ts';
import { assetPath } from './media-source.ts';
import { createMuxedClip } from './muxed-clip.ts';
import { readClip } from './clip.ts';
import type { Outlet } from './outlet.ts';
import { Recordings } from './recordings.ts';
import { Wheel } from './wheel.ts';

const CLIP = readClip(assetPath('clip.h264'));
const MUXED = createMuxedClip({ clip: CLIP, audio: undefined, syntax: STANDARD_BEHAVIOUR.syntax });
const FPS = 25;
const KEY_FRAMES = CLIP.frames.flatMap(({ keyFrame }, index) => (keyFrame ? [index] : []));
/** A multiple of the clip's length: the recording's first frame is the clip's. */
const FROM_SEC = (CLIP.frames.length / FPS) * 1000;

let wheel: Wheel;
let frames: number[];
let ends: number;
let full: boolean;
let session: HistorySession;

beforeEach(() => {
  vi.useFakeTimers();
  wheel = new Wheel();
  frames = [];
  ends = 0;
  full = false;
});
afterEach(() => {
  session.close();
  wheel.close();
  vi.useRealTimers();
});

function play(
  speed: number,
  lengthSec: number,
  recorded: ReadonlyArray<readonly [from: number, to: number]> = [[0, lengthSec]],
): void {
  const outlet: Outlet = {
    port: 9,
    transport: 'tcp',
    closed: false,
    start: (onReady) => onReady(),
    send: () => !full,
    close: () => undefined,
  };
  session = new HistorySession({
    outlet,
    muxed: MUXED,
    behaviour: STANDARD_BEHAVIOUR,
    ssrc: 1,
    wheel,
    log: new FrameLog(),
    counters: { frames: 0, packets: 0, bytes: 0, dropped: 0, keyFrameRequests: 0 },
    onFrame: (index) => frames.push(index),
    fromSec: FROM_SEC,
    toSec: FROM_SEC + lengthSec,
    recorded: recorded.map(([from, to]) => ({ startMs: (FROM_SEC + from) * 1000, endMs: (FROM_SEC + to) * 1000 })),
    speed,
    onFileEnded: () => (ends += 1),
  });
  session.start();
}

const after = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('the recording of a virtual camera', () => {
  test('comes at its pace and ends once', async () => {
    play(1, 2);
    await after(1000);
    expect(frames.length).toBeGreaterThanOrEqual(24);
    expect(frames.length).toBeLessThanOrEqual(26);
    expect(frames.slice(0, 3)).toEqual([0, 1, 2]);
    await after(3000);
    expect(frames.length).toBe(50);
    expect(ends).toBe(1);
  });

  test('of a download comes at its speed, and waits for a reader that is slow', async () => {
    play(8, 8);
    await after(500);
    expect(frames.length).toBeGreaterThan(95);
    full = true;
    await after(500);
    const held = frames.length;
    full = false;
    await after(1500);
    expect(frames.length).toBeGreaterThan(held);
    expect(ends).toBe(1);
    expect(new Set(frames.slice(0, 100)).size).toBe(100);
  });

  test('obeys PAUSE, PLAY, Scale and Range; a seek begins with a key frame', async () => {
    play(1, 60);
    await after(400);
    expect(session.control({ method: 'PAUSE', cseq: 1 })).toBe(200);
    const paused = frames.length;
    await after(5000);
    expect(frames.length).toBe(paused);
    session.control({ method: 'PLAY', cseq: 2, range: { from: 'now' } });
    expect(frames.at(-1)).toBe(paused);
    session.control({ method: 'PLAY', cseq: 3, scale: 4 });
    const before = frames.length;
    await after(1000);
    expect(frames.length - before).toBeGreaterThan(90);
    session.control({ method: 'PLAY', cseq: 4, range: { from: 30.5 } });
    const wanted = (30.5 * FPS) % CLIP.frames.length;
    expect(frames.at(-1)).toBe(KEY_FRAMES.findLast((index) => index <= wanted));
    expect(session.control({ method: 'PLAY', cseq: 5, range: { from: 61 } })).toBe(457);
  });

  test('backwards: groups of pictures in reverse order, each forwards', async () => {
    play(1, 60);
    session.control({ method: 'PLAY', cseq: 1, scale: -8, range: { from: 5, to: 0 } });
    frames.length = 0;
    await after(3000);
    const starts = frames.filter((index) => KEY_FRAMES.includes(index));
    expect(starts.length).toBeGreaterThan(1);
    expect(starts).toEqual(starts.toSorted((a, b) => b - a));
    expect(ends).toBe(1);
  });
});

describe('what a virtual camera has not recorded', () => {
  /** The seconds from 4 to 20 are missing, and those before 2. */
  const RECORDED = [[2, 4] as const, [20, 30] as const];
  const GOP = (KEY_FRAMES[1] ?? 0) - (KEY_FRAMES[0] ?? 0);
  const frameOf = (sec: number): number => (sec * FPS) % CLIP.frames.length;
  const keyFrameOf = (sec: number): number => KEY_FRAMES.findLast((index) => index <= frameOf(sec)) ?? -1;

  test('is left out: the next recording follows at once', async () => {
    play(1, 40, RECORDED);
    await after(20_000);
    expect(frames[0]).toBe(keyFrameOf(2));
    const last = frames.indexOf(frameOf(4) - 1);
    expect(frames[last + 1]).toBe(keyFrameOf(20));
    expect(frames.at(-1)).toBe((frameOf(30) + CLIP.frames.length - 1) % CLIP.frames.length);
    // Each of the two begins at a key frame, which may lie before it.
    expect(frames.length).toBeGreaterThanOrEqual(12 * FPS);
    expect(frames.length).toBeLessThan(12 * FPS + 2 * GOP);
    expect(ends).toBe(1);
    session.control({ method: 'PLAY', cseq: 1, range: { from: 35 } });
    expect(ends).toBe(2);
  });

  test('is left out backwards, and where one seeks to it', async () => {
    play(1, 40, RECORDED);
    session.control({ method: 'PLAY', cseq: 1, range: { from: 10 } });
    expect(frames.at(-1)).toBe(keyFrameOf(20));
    frames.length = 0;
    session.control({ method: 'PLAY', cseq: 2, scale: -8, range: { from: 21, to: 0 } });
    await after(5000);
    expect(frames).toContain(keyFrameOf(4 - 1 / FPS));
    expect(frames.length).toBeLessThan(3 * FPS + 3 * GOP);
    expect(ends).toBe(1);
  });
});

describe('what a virtual camera has recorded', () => {
  const HOUR = 3_600_000;
  const DAY = Date.UTC(2026, 2, 1) - 8 * HOUR;
  const channel = { id: '34020000001310000001', name: '大门', deviceId: '34020000001320000001' };
  const recordings = new Recordings({ bytesPerSec: 100, now: () => DAY + 10 * 24 * HOUR, fileMs: HOUR });

  test('each hour of a Beijing day but one, and an alarm', () => {
    session = { close: () => undefined } as HistorySession;
    const items = recordings.find(channel, DAY, DAY + 24 * HOUR);
    expect(items).toHaveLength(24);
    expect(items.filter(({ type }) => type === 'alarm')).toHaveLength(1);
    expect(items.some(({ startMs }) => startMs === DAY + 3 * HOUR)).toBe(false);
    expect(recordings.find(channel, DAY, DAY + 24 * HOUR, 'alarm')).toHaveLength(1);
    expect(recordings.find(channel, DAY - 400 * 24 * HOUR, DAY - 399 * 24 * HOUR)).toEqual([]);
    expect(recordings.find(channel, DAY + 30 * 24 * HOUR, DAY + 31 * 24 * HOUR)).toEqual([]);
    expect(recordings.bytesOf(channel, DAY + 3.2 * HOUR, DAY + 3.4 * HOUR)).toBe(0);
    expect(recordings.bytesOf(channel, DAY, DAY + 10_000)).toBe(1000);
    expect(recordings.bytesOf(channel, DAY + 2 * HOUR, DAY + 5 * HOUR)).toBe(2 * 360_000);
  });
});
