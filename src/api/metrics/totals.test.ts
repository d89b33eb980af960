import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NO_STATS } from '../../media/no-stats.ts';
import { createStreams } from '../../stream/index.ts';
import { CHANNEL_ID, DEVICE_ID, scriptedParts } from '../../../test/support/stream-fakes.ts';
import { StreamTotals } from './totals.ts';

const NAME = `live/${DEVICE_ID}_${CHANNEL_ID}`;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('counters do not fall when a camera is called again, nor when its stream ends', async () => {
  const parts = scriptedParts();
  const streams = createStreams({ idleTimeoutMs: 30_000, firstPacketTimeoutMs: 5000, silenceTimeoutMs: 5000 }, parts);
  const totals = new StreamTotals(streams);
  const read = () => {
    const { counters, errors } = totals.read();
    return [counters.packets, counters.lost, errors.get('lost_sync')];
  };
  await streams.view(NAME, { offer: 'v=0', remoteAddress: '127.0.0.5', userAgent: 'test' });
  const [first] = parts.media.opened;
  if (first !== undefined) first.stats = { ...NO_STATS, packets: 100, lost: 3, errors: { lost_sync: 2 } };
  expect(read()).toEqual([100, 3, 2]);
  first?.end('tcp_closed');
  expect(read()).toEqual([100, 3, 2]);
  await vi.advanceTimersByTimeAsync(2000);
  const [, second] = parts.media.opened;
  if (second !== undefined) second.stats = { ...NO_STATS, packets: 10, bitrateBps: 8000, errors: { lost_sync: 1 } };
  expect(read()).toEqual([110, 3, 3]);
  expect(streams.find(NAME)?.stats).toMatchObject({ packets: 110, bitrateBps: 8000 });
  await Promise.all([streams.close(NAME), vi.advanceTimersByTimeAsync(2000)]);
  expect(read()).toEqual([110, 3, 3]);
  totals.close();
  await Promise.all([streams.shutdown(), vi.advanceTimersByTimeAsync(3000)]);
});
