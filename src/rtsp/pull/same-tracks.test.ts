import { describe, expect, test } from 'vitest';
import type { RtpTrackOffer } from '../../stream/index.ts';
import { sameTracks } from './same-tracks.ts';

const h264 = (parameters?: string, payloadType = 96): RtpTrackOffer => ({
  kind: 'video',
  encoding: 'H264',
  clockRate: 90_000,
  payloadType,
  ...(parameters === undefined ? {} : { parameters }),
});
const OPUS: RtpTrackOffer = { kind: 'audio', encoding: 'OPUS', clockRate: 48_000, channels: 2, payloadType: 111 };

const WITHOUT = 'packetization-mode=1; profile-level-id=42E01F';
const FIRST = 'packetization-mode=1; profile-level-id=42C01E; sprop-parameter-sets=Z0LAHg==,aM48gA==';
const OTHER = 'packetization-mode=1; profile-level-id=64001F; sprop-parameter-sets=Z2QAHw==,aM48gA==';

describe('a source that is connected again', () => {
  test.each([
    { name: 'the same', before: [h264(FIRST), OPUS], now: [h264(FIRST), OPUS], same: true },
    { name: 'sets that were not known before', before: [h264(WITHOUT)], now: [h264(FIRST)], same: true },
    { name: 'sets that are not known yet', before: [h264(FIRST)], now: [h264(WITHOUT)], same: true },
    { name: 'no fmtp at all, mode 0', before: [h264()], now: [h264('packetization-mode=0')], same: true },
    { name: 'other parameter sets', before: [h264(FIRST)], now: [h264(OTHER)], same: false },
    { name: 'another packetization mode', before: [h264()], now: [h264(WITHOUT)], same: false },
    { name: 'another payload type', before: [h264(FIRST)], now: [h264(FIRST, 97)], same: false },
    { name: 'the sound is gone', before: [h264(FIRST), OPUS], now: [h264(FIRST)], same: false },
    { name: 'sound as well', before: [h264(FIRST)], now: [h264(FIRST), OPUS], same: false },
    { name: 'another fmtp of sound', before: [OPUS], now: [{ ...OPUS, parameters: 'stereo=1' }], same: false },
  ])('$name', ({ before, now, same }) => {
    expect(sameTracks(before, now)).toBe(same);
  });
});
