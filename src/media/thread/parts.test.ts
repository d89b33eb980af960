import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createRtpView } from '../rtp/rtp-packet.ts';
import { GopCache } from './gop-cache.ts';
import { IngestCounters } from './ingest-stats.ts';
import { KeyFrameRequests } from './key-frame-requests.ts';
import { BURST_PACKETS, Pacer } from './pacer.ts';
import { PacketOrder } from './packet-order.ts';
import { ChunkPool, PacketStore } from './packet-store.ts';
import { SendArena } from './send-arena.ts';
import { formatSenderReport, MediaTimeline } from './sender-report.ts';

function drained(store: PacketStore, max: number): string[] {
  const packets: string[] = [];
  store.drain(max, (buffer, start, end) => packets.push(buffer.toString('latin1', start, end)));
  return packets;
}

test('property: PacketStore is first in first out and gives its memory back', () => {
  const step = fc.oneof(
    fc.record({ bytes: fc.integer({ min: 12, max: 30_000 }) }),
    fc.record({ drain: fc.integer({ min: 1, max: 5 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const store = new PacketStore(new ChunkPool(), 400_000);
      const expected: string[] = [];
      for (const [index, entry] of steps.entries()) {
        if ('drain' in entry) {
          expect(drained(store, entry.drain)).toEqual(expected.splice(0, entry.drain));
          continue;
        }
        const text = String.fromCharCode(33 + index).repeat(entry.bytes);
        if (store.append(Buffer.from(text, 'latin1'), 0, entry.bytes)) expected.push(text);
        expect(store.packets).toBe(expected.length);
      }
      const kept: string[] = [];
      store.forEach((buffer, start, end) => kept.push(buffer.toString('latin1', start, end)));
      expect(kept).toEqual(expected);
      store.clear();
      expect(drained(store, 10)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('PacketStore refuses beyond its bound and a packet larger than a chunk', () => {
  const store = new PacketStore(new ChunkPool(), 131_072);
  const packet = Buffer.alloc(60_000);
  expect([1, 2, 3].map(() => store.append(packet, 0, packet.length))).toEqual([true, true, false]);
  expect(store.append(Buffer.alloc(70_000), 0, 70_000)).toBe(false);
  expect(store.packets).toBe(2);
});

test('GopCache closes after 400 ms or 2 MiB, and starts anew with a key frame', () => {
  const cache = new GopCache(new ChunkPool());
  const packet = Buffer.alloc(1200);
  const replayed = (): number => {
    let count = 0;
    cache.replay(() => (count += 1));
    return count;
  };
  expect(cache.isOpen(0)).toBe(false);
  cache.append(packet, 0, 1200);
  expect(replayed()).toBe(0);
  cache.start(0);
  cache.append(packet, 0, 1200);
  expect([cache.isOpen(400), replayed()]).toEqual([true, 1]);
  expect([cache.isOpen(401), replayed()]).toEqual([false, 0]);
  cache.start(500);
  for (let index = 0; index < 2000; index += 1) cache.append(packet, 0, 1200);
  expect([cache.isOpen(500), replayed()]).toEqual([false, 0]);
});

test('KeyFrameRequests merges to one per 500 ms, and forgets those that a key frame answered', () => {
  const emit = vi.fn();
  const requests = new KeyFrameRequests(emit);
  requests.request(0);
  for (let ms = 10; ms < 500; ms += 10) requests.request(ms);
  requests.tick(499);
  expect(emit).toHaveBeenCalledTimes(1);
  requests.tick(500);
  expect(emit).toHaveBeenCalledTimes(2);
  requests.tick(5000);
  expect(emit).toHaveBeenCalledTimes(2);
  requests.request(5000);
  requests.request(5100);
  requests.onKeyFrame();
  requests.tick(6000);
  expect(emit).toHaveBeenCalledTimes(3);
});

test('Pacer has one timer, and only while something waits', () => {
  vi.useFakeTimers();
  try {
    const pacer = new Pacer();
    const bursts = [3, 1];
    const paced = bursts.map((_, index) => ({ sendBurst: () => (bursts[index]! -= 1) > 0 }));
    for (const entry of paced) pacer.schedule(entry);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(bursts).toEqual([2, 0]);
    vi.advanceTimersByTime(10);
    expect(bursts).toEqual([0, 0]);
    expect(vi.getTimerCount()).toBe(0);
    pacer.schedule(paced[0]!);
    pacer.remove(paced[0]!);
    expect(vi.getTimerCount()).toBe(0);
    expect(BURST_PACKETS).toBe(64);
  } finally {
    vi.useRealTimers();
  }
});

test('SendArena: what was handed out in one round of the event loop stays as it is', async () => {
  const arena = new SendArena();
  const source = Buffer.alloc(1400);
  const copies: Buffer[] = [];
  for (let index = 0; index < 2000; index += 1) {
    source.writeUInt32BE(index);
    copies.push(arena.copy(source, 0, source.length));
  }
  expect(copies.every((copy, index) => copy.readUInt32BE(0) === index && copy.length === 1400)).toBe(true);
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
  expect(arena.copy(source, 0, 4)).toEqual(source.subarray(0, 4));
});

test('formatSenderReport writes RFC 3550 §6.4.1', () => {
  const report = formatSenderReport({ ssrc: 0xdeadbeef, unixMs: 1500, rtpTimestamp: 7, packets: 8, octets: 9 });
  expect(report.toString('hex')).toBe('80c80006deadbeef83aa7e8180000000000000070000000800000009');
});

test('MediaTimeline maps both tracks by one offset, anew after a jump', () => {
  const timeline = new MediaTimeline();
  expect(timeline.unixMsOf(90_000, 5000)).toBe(5000);
  expect(timeline.unixMsOf(180_000, 5900)).toBe(6000);
  expect(timeline.unixMsOf(99_000, 5950)).toBe(5100);
  expect(timeline.unixMsOf(9_000_000, 6000)).toBe(6000);
  expect(timeline.unixMsOf(9_009_000, 6001)).toBe(6100);
});

test.each([
  { name: 'in order', numbers: [1, 2, 3], lost: 0, gaps: 0 },
  { name: 'a hole is loss', numbers: [1, 2, 5], lost: 2, gaps: 1 },
  { name: 'wrap', numbers: [65_535, 0, 1], lost: 0, gaps: 0 },
  { name: 'a restart is no loss', numbers: [50_000, 3, 4], lost: 0, gaps: 0 },
  { name: 'numbers that stand still are ignored', numbers: [7, 7, 7, 7], lost: 0, gaps: 0 },
  {
    name: 'senders that do not number are found out',
    numbers: Array.from({ length: 60 }, (_, i) => i * 3),
    lost: 32,
    gaps: 16,
  },
])('PacketOrder over TCP: $name', ({ numbers, lost, gaps }) => {
  const onGap = vi.fn();
  const onPacket = vi.fn();
  const order = new PacketOrder({ onGap, onPacket }, 30);
  for (const sequenceNumber of numbers) order.pushFrame({ ...createRtpView(), sequenceNumber }, 0);
  expect(onPacket).toHaveBeenCalledTimes(numbers.length);
  expect([order.lost, onGap.mock.calls.length]).toEqual([lost, gaps]);
});

test('IngestCounters: rates, GOP and a bound of error names', () => {
  const counters = new IngestCounters(0);
  counters.bytes = 500_000;
  for (let frame = 0; frame <= 50; frame += 1)
    counters.onVideoUnit(frame % 50 === 0, { pts90k: frame * 3600, dts90k: frame * 3600 });
  counters.sample(1000);
  for (let index = 0; index < 200; index += 1) counters.onError(`reason_${index}`);
  counters.onError('reason_0');
  const stats = counters.snapshot({ lost: 1, reordered: 2, duplicates: 3, resyncs: 4 });
  expect(stats).toMatchObject({ bitrateBps: 4_000_000, fps: 51, gopMs: 2000, keyFrames: 2, frames: 51, resyncs: 4 });
  expect(Object.keys(stats.errors)).toHaveLength(64);
  expect(stats.errors['reason_0']).toBe(2);
});
