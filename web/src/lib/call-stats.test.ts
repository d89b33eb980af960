import { describe, expect, test } from 'vitest';
import { callQuality, callReport, sampleCall } from './call-stats.ts';
import type { Entry } from './stats.ts';

interface Counters {
  readonly bytes: number;
  readonly packets: number;
  readonly lost: number;
  readonly frames: number;
}

function report(counters: Counters, types = ['host', 'host'], roundTrip = 0.02): [string, Entry][] {
  const { bytes, packets, lost, frames } = counters;
  const size = { frameWidth: 640, frameHeight: 480, codecId: 'VP8' };
  return [
    ['T', { type: 'transport', selectedCandidatePairId: 'P' }],
    ['P', { type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R', currentRoundTripTime: roundTrip }],
    ['L', { type: 'local-candidate', candidateType: types[0] }],
    ['R', { type: 'remote-candidate', candidateType: types[1] }],
    ['VP8', { type: 'codec', mimeType: 'video/VP8' }],
    ['oa', { type: 'outbound-rtp', kind: 'audio', bytesSent: bytes / 10, packetsSent: packets }],
    [
      'ov',
      { type: 'outbound-rtp', kind: 'video', bytesSent: bytes, packetsSent: packets, framesSent: frames, ...size },
    ],
    ['ra', { type: 'remote-inbound-rtp', kind: 'audio', packetsLost: lost }],
    ['rv', { type: 'remote-inbound-rtp', kind: 'video', packetsLost: lost }],
    ['ia', { type: 'inbound-rtp', kind: 'audio', bytesReceived: bytes / 10, packetsReceived: packets, packetsLost: 0 }],
    [
      'iv',
      {
        type: 'inbound-rtp',
        kind: 'video',
        bytesReceived: bytes,
        packetsReceived: packets - lost,
        packetsLost: lost,
        framesDecoded: frames,
        ...size,
      },
    ],
  ];
}

const BEFORE = { bytes: 0, packets: 0, lost: 0, frames: 0 };
const AFTER = { bytes: 151_000 * 15, packets: 1000, lost: 100, frames: 450 };

describe('callReport', () => {
  test('the fields of seed 002 §6.24', () => {
    expect(callReport(sampleCall(report(BEFORE), 0), sampleCall(report(AFTER), 15_000))).toEqual({
      audio: { send: { packetsLostRate: '0.10', bitRate: 121 }, recv: { packetsLostRate: '0.00', bitRate: 121 } },
      video: {
        send: { frameRateSent: 30, width: 640, height: 480, codecName: 'VP8', packetsLostRate: '0.10', bitRate: 1208 },
        recv: { frameRateRecv: 30, width: 640, height: 480, codecName: 'VP8', packetsLostRate: '0.10', bitRate: 1208 },
      },
    });
  });

  test('without anything to compare with, and without anything at all', () => {
    const none = { packetsLostRate: '0.00', bitRate: 0 };
    expect(callReport(undefined, sampleCall(report(AFTER), 0)).video.send).toMatchObject({ ...none, frameRateSent: 0 });
    expect(callReport(sampleCall([], 0), sampleCall([], 1000))).toEqual({
      audio: { send: none, recv: none },
      video: {
        send: { ...none, frameRateSent: 0, width: 0, height: 0, codecName: '' },
        recv: { ...none, frameRateRecv: 0, width: 0, height: 0, codecName: '' },
      },
    });
  });

  test('counters that begin anew are no negative rates', () => {
    const { audio } = callReport(sampleCall(report(AFTER), 0), sampleCall(report(BEFORE), 1000));
    expect(audio.send).toEqual({ packetsLostRate: '0.00', bitRate: 0 });
  });
});

test.each([
  { types: ['host', 'host'], connectType: 'STUN' },
  { types: ['srflx', 'prflx'], connectType: 'STUN' },
  { types: ['relay', 'host'], connectType: 'TURN' },
  { types: ['host', 'relay'], connectType: 'TURN' },
])('$types is $connectType', ({ types, connectType }) => {
  expect(sampleCall(report(BEFORE, types), 0).connectType).toBe(connectType);
});

test('no pair in use: not known', () => expect(sampleCall([], 0).connectType).toBeUndefined());

test('what the tile shows: the worse of both directions', () => {
  const now = sampleCall(report(AFTER), 15_000);
  expect(callQuality(sampleCall(report(BEFORE), 0), now)).toEqual({
    bitrateBps: 1_328_800,
    lossRatio: 0.1,
    resolution: '640 × 480',
    fps: 30,
    roundTripMs: 20,
  });
  expect(callQuality(undefined, sampleCall([], 0))).toEqual({
    bitrateBps: 0,
    lossRatio: 0,
    resolution: '',
    fps: 0,
    roundTripMs: undefined,
  });
});
