import { expect, test } from 'vitest';
import type { SenderReport } from '../../media/index.ts';
import { Alignment } from './alignment.ts';
import { TrackClock } from './track-clock.ts';

function report(ntpMs: number, rtpTimestamp: number): SenderReport {
  const ntpSeconds = Math.floor(ntpMs / 1000);
  const ntpFraction = Math.round(((ntpMs % 1000) / 1000) * 2 ** 32);
  return { type: 'sr', ssrc: 1, ntpSeconds, ntpFraction, rtpTimestamp, packets: 1, octets: 1 };
}

function scene(): { video: TrackClock; audio: TrackClock; alignment: Alignment } {
  const video = new TrackClock(90_000);
  const audio = new TrackClock(8000);
  // The picture arrives 300 ms later than the sound of the same moment.
  video.at(1000, 800);
  audio.at(7000, 500);
  return { video, audio, alignment: new Alignment(video, audio) };
}

test('reports of both put the sound to the picture', () => {
  const { audio, alignment } = scene();
  alignment.onReport('video', report(5_000_000, 1000));
  expect(audio.timeOf(7000)).toBe(500);
  alignment.onReport('audio', report(5_000_000, 7000));
  expect(audio.timeOf(7000)).toBeCloseTo(800, 3);
  alignment.onReport('audio', report(5_001_000, 15_000));
  expect(audio.timeOf(7000)).toBeCloseTo(800, 3);
});

test.each([
  { name: 'less than anybody hears', ntpMs: 5_000_310, expected: 500 },
  { name: 'a report without time', ntpMs: 0, expected: 500 },
  { name: 'clocks hours apart', ntpMs: 9_000_000, expected: 500 },
])('not moved: $name', ({ ntpMs, expected }) => {
  const { audio, alignment } = scene();
  alignment.onReport('video', report(5_000_000, 1000));
  alignment.onReport('audio', report(ntpMs === 5_000_310 ? 4_999_710 : ntpMs, 7000));
  expect(audio.timeOf(7000)).toBe(expected);
});

test('a report of before a restart is not used', () => {
  const { video, audio, alignment } = scene();
  alignment.onReport('video', report(5_000_000, 1000));
  video.restart();
  video.at(50_000_000, 900);
  alignment.onReport('audio', report(5_000_000, 7000));
  expect(audio.timeOf(7000)).toBe(500);
});
