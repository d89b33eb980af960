import { expect, test } from 'vitest';
import { computeSending, sampleSending } from './publish-stats.ts';

type Row = Record<string, unknown> & { type: string };
const report = (bytes: number, frames: number, more: Record<string, Row> = {}): [string, Row][] =>
  Object.entries({
    c1: { type: 'codec', mimeType: 'video/H264' },
    c2: { type: 'codec', mimeType: 'audio/opus' },
    v: {
      type: 'outbound-rtp',
      kind: 'video',
      codecId: 'c1',
      bytesSent: bytes,
      packetsSent: 10,
      framesEncoded: frames,
      frameWidth: 1280,
      frameHeight: 720,
      qualityLimitationReason: 'bandwidth',
    },
    a: { type: 'outbound-rtp', kind: 'audio', codecId: 'c2', bytesSent: 1000, packetsSent: 5 },
    r: { type: 'remote-inbound-rtp', kind: 'video', fractionLost: 0.02, roundTripTime: 0.031 },
    ...more,
  });

test('rates between two samples', () => {
  const first = sampleSending(report(100_000, 100), 1000);
  expect(computeSending(undefined, first)).toMatchObject({ bitrateBps: 0, fps: 0, resolution: '1280 × 720' });
  expect(computeSending(first, sampleSending(report(350_000, 150), 3000))).toEqual({
    resolution: '1280 × 720',
    codecs: 'H264 + opus',
    fps: 25,
    bitrateBps: 1_000_000,
    limitedBy: 'bandwidth',
    lossRatio: 0.02,
    roundTripMs: 31,
  });
});

test('simulcast counts all layers and shows the largest', () => {
  const small: Row = { type: 'outbound-rtp', kind: 'video', bytesSent: 500, frameWidth: 320, frameHeight: 180 };
  const sample = sampleSending(report(2000, 1, { small }), 0);
  expect(sample).toMatchObject({ bytes: 3500, width: 1280, height: 720 });
});

test.each([
  { name: 'nothing', rows: [] },
  { name: 'odd values', rows: [['v', { type: 'outbound-rtp', kind: 'video', bytesSent: 'x', frameWidth: NaN }]] },
] as { name: string; rows: [string, Row][] }[])('$name gives zeros', ({ rows }) => {
  const sample = sampleSending(rows, 0);
  expect(computeSending(sample, { ...sample, at: 1000 })).toEqual({
    resolution: '',
    codecs: '',
    fps: 0,
    bitrateBps: 0,
    limitedBy: '',
    lossRatio: 0,
    roundTripMs: undefined,
  });
});
