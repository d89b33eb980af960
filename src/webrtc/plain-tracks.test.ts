import { describe, expect, test } from 'vitest';
import { readPlainTracks } from './plain-tracks.ts';
import type { PlainTrack } from './types.ts';

const H264: PlainTrack = { kind: 'video', encoding: 'H264', clockRate: 90_000, payloadType: 96 };
const PCMA: PlainTrack = { kind: 'audio', encoding: 'PCMA', clockRate: 8000, payloadType: 8 };
const OPUS: PlainTrack = { kind: 'audio', encoding: 'opus', clockRate: 48_000, channels: 2, payloadType: 97 };

const typesOf = (...tracks: PlainTrack[]): number[] => readPlainTracks(tracks).map(({ format }) => format.payloadType);

test.each([
  ['as announced', [H264, OPUS], [96, 97]],
  ['static ones', [H264, PCMA], [96, 8]],
  ['PCMU', [{ ...PCMA, encoding: 'PCMU', payloadType: 0 }], [0]],
  ['PCMA under a dynamic one', [{ ...PCMA, payloadType: 97 }], [97]],
  ['the same for both, as in sessions of their own', [H264, { ...OPUS, payloadType: 96 }], [96, 97]],
  ['one of another codec', [{ ...H264, payloadType: 8 }, PCMA], [96, 8]],
  [
    'an unassigned one',
    [
      { ...H264, payloadType: 35 },
      { ...OPUS, payloadType: 36 },
    ],
    [96, 97],
  ],
  ['PCMU under that of PCMA', [H264, { ...PCMA, encoding: 'PCMU' }], [96, 0]],
] as const)('payload types: %s', (_name, tracks, expected) => {
  expect(typesOf(...tracks)).toEqual(expected);
});

test.each([
  ['packetization-mode=1; profile-level-id=42C01F', 'constrained-baseline'],
  ['packetization-mode=1; profile-level-id=64001f; sprop-parameter-sets=Z0LAKA==', 'high'],
  ['sprop-parameter-sets=Z2QAH6zZQFAFuwEQAAADABAAAAMDIPGDGWA=,aMuDyyA=', 'high'],
  ['profile-level-id=zz', 'other'],
  ['', 'other'],
  [undefined, 'other'],
])('H.264 profile of %s', (parameters, profile) => {
  const track = parameters === undefined ? H264 : { ...H264, parameters };
  expect(readPlainTracks([track])[0]?.format.profile).toBe(profile);
});

describe('refused with a reason', () => {
  test.each([
    [[], 'there is neither video nor audio'],
    [[{ ...H264, encoding: 'H265' }], 'video H265/90000 is not carried, only H264, VP8, VP9 and AV1'],
    [
      [H264, { ...OPUS, encoding: 'MPEG4-GENERIC', clockRate: 44_100 }],
      'audio MPEG4-GENERIC/44100/2 is not carried, only opus, PCMA and PCMU',
    ],
    [[{ ...PCMA, clockRate: 16_000 }], 'audio PCMA/16000 is not carried'],
    [[{ ...PCMA, channels: 2 }], 'audio PCMA/8000/2 is not carried'],
    [[{ ...OPUS, channels: 6 }], 'audio opus/48000/6 is not carried'],
    [[{ ...H264, kind: 'audio' as const }], 'audio H264/90000 is not carried'],
    [[H264, H264], 'there is more than one video track'],
  ])('%#', (tracks, message) => {
    expect(() => readPlainTracks(tracks)).toThrow(message);
  });
});
