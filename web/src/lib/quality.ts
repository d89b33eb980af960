/** What getStats() tells of one connection, sending or receiving. */
export interface Quality {
  readonly bitrateBps: number;
  /** 0 to 1. */
  readonly lossRatio: number;
  /** Empty without picture. */
  readonly resolution: string;
  readonly fps: number;
  readonly roundTripMs: number | undefined;
}

const LOSS = { fair: 0.02, bad: 0.08 } as const;
const ROUND_TRIP_MS = { fair: 300, bad: 800 } as const;
/** Slower pictures look broken, whatever the network says; a shared screen may stand still. */
const MIN_FPS = 8;

/** 3 = good, 2 = one notices it, 1 = hard to talk. */
export function gradeOf({ lossRatio, roundTripMs = 0, resolution, fps }: Quality): 1 | 2 | 3 {
  if (lossRatio >= LOSS.bad || roundTripMs >= ROUND_TRIP_MS.bad) return 1;
  const slow = resolution !== '' && fps > 0 && fps < MIN_FPS;
  return lossRatio >= LOSS.fair || roundTripMs >= ROUND_TRIP_MS.fair || slow ? 2 : 3;
}
