import type { IngestStats } from '../media/index.ts';

/** Counters of the ingests of a stream together, which is opened again where it is lost; measures are the latter's. */
export function addStats(before: IngestStats, now: IngestStats): IngestStats {
  const errors: Record<string, number> = { ...before.errors };
  for (const [reason, count] of Object.entries(now.errors)) errors[reason] = (errors[reason] ?? 0) + count;
  return {
    bitrateBps: now.bitrateBps,
    fps: now.fps,
    gopMs: now.gopMs,
    packets: before.packets + now.packets,
    bytes: before.bytes + now.bytes,
    lost: before.lost + now.lost,
    reordered: before.reordered + now.reordered,
    duplicates: before.duplicates + now.duplicates,
    wrongSsrc: before.wrongSsrc + now.wrongSsrc,
    wrongSource: before.wrongSource + now.wrongSource,
    rtcpPackets: before.rtcpPackets + now.rtcpPackets,
    resyncs: before.resyncs + now.resyncs,
    frames: before.frames + now.frames,
    keyFrames: before.keyFrames + now.keyFrames,
    audioFrames: before.audioFrames + now.audioFrames,
    droppedFrames: before.droppedFrames + now.droppedFrames,
    mediaMs: before.mediaMs + now.mediaMs,
    errors,
  };
}
