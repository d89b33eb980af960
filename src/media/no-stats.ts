import type { IngestStats } from './types.ts';

/** Counters of what has not received anything yet. */
export const NO_STATS: IngestStats = {
  packets: 0,
  bytes: 0,
  lost: 0,
  reordered: 0,
  duplicates: 0,
  wrongSsrc: 0,
  wrongSource: 0,
  rtcpPackets: 0,
  resyncs: 0,
  frames: 0,
  keyFrames: 0,
  audioFrames: 0,
  droppedFrames: 0,
  bitrateBps: 0,
  fps: 0,
  gopMs: 0,
  mediaMs: 0,
  errors: {},
};
