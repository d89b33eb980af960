import { describe, expect, test } from 'vitest';
import { computeStats, sampleStats } from './stats.ts';

const chromium: [string, { type: string } & Record<string, unknown>][] = [
  [
    'V',
    {
      type: 'inbound-rtp',
      kind: 'video',
      codecId: 'C',
      bytesReceived: 500_000,
      packetsReceived: 500,
      packetsLost: 5,
      framesDecoded: 50,
      framesDropped: 1,
      frameWidth: 1920,
      frameHeight: 1080,
      jitter: 0.004,
      jitterBufferDelay: 5,
      jitterBufferEmittedCount: 50,
    },
  ],
  ['A', { type: 'inbound-rtp', kind: 'audio', codecId: 'D', bytesReceived: 8000, packetsReceived: 50, packetsLost: 0 }],
  ['C', { type: 'codec', mimeType: 'video/H264' }],
  ['D', { type: 'codec', mimeType: 'audio/PCMA' }],
  ['T', { type: 'transport', selectedCandidatePairId: 'P' }],
  ['P0', { type: 'candidate-pair', bytesReceived: 9, remoteCandidateId: 'R0' }],
  ['P', { type: 'candidate-pair', currentRoundTripTime: 0.012, remoteCandidateId: 'R' }],
  ['R', { type: 'remote-candidate', address: '192.0.2.1', port: 8000, protocol: 'udp' }],
];

describe('sampleStats', () => {
  test('Chromium: codec names, sums of both kinds, the selected pair', () => {
    expect(sampleStats(chromium, 1000)).toEqual({
      at: 1000,
      bytes: 508_000,
      packets: 550,
      lost: 5,
      framesDecoded: 50,
      framesDropped: 1,
      width: 1920,
      height: 1080,
      videoCodec: 'H264',
      audioCodec: 'PCMA',
      jitterMs: 4,
      roundTripMs: 12,
      bufferMs: 100,
      remote: '192.0.2.1:8000 UDP',
    });
  });

  test('Firefox: no transport entry, the pair is marked selected', () => {
    const { roundTripMs } = sampleStats(
      [
        ['a', { type: 'candidate-pair', bytesReceived: 99, currentRoundTripTime: 1 }],
        ['b', { type: 'candidate-pair', selected: true, currentRoundTripTime: 0.02 }],
      ],
      0,
    );
    expect(roundTripMs).toBe(20);
  });

  test('an empty report gives zeros and no invented times', () => {
    expect(sampleStats([], 5)).toMatchObject({
      bytes: 0,
      width: 0,
      jitterMs: undefined,
      roundTripMs: undefined,
      remote: '',
    });
  });
});

describe('computeStats', () => {
  const first = sampleStats(chromium, 1000);

  test('rates between two samples', () => {
    const later = {
      ...first,
      at: 3000,
      bytes: first.bytes + 1_000_000,
      framesDecoded: 100,
      packets: first.packets + 990,
      lost: 15,
    };
    expect(computeStats(first, later)).toMatchObject({
      fps: 25,
      bitrateBps: 4_000_000,
      lossRatio: 0.01,
      lost: 15,
      resolution: '1920 × 1080',
    });
  });

  test('the first sample has no rates', () => {
    expect(computeStats(undefined, first)).toMatchObject({ fps: 0, bitrateBps: 0, lossRatio: 0 });
  });

  test('counters that start again (a new connection) give 0, not a negative rate', () => {
    expect(computeStats(first, { ...first, at: 2000, bytes: 0, framesDecoded: 0, packets: 0, lost: 0 })).toMatchObject({
      fps: 0,
      bitrateBps: 0,
    });
  });
});
