/** Times and bounds of streams, all in ms where not said otherwise. */
export interface StreamsOptions {
  /** A stream without viewers ends after this time. */
  readonly idleTimeoutMs: number;
  /** No packet so long after the device's answer: the next transport is tried. */
  readonly firstPacketTimeoutMs: number;
  /** No packet for so long: the stream is opened again. */
  readonly silenceTimeoutMs: number;
  /** Packets, but no video track, or no key frame, for so long: the play fails. Default 10000. */
  readonly mediaTimeoutMs?: number;
  /** The device is asked for a key frame if none came so long after the video track. Default 2000. */
  readonly keyFrameAskMs?: number;
  /** First wait between attempts to get a lost stream back, doubled up to 8000. Default 500. */
  readonly reopenDelayMs?: number;
  /**
   * For viewers that tell their first frame: none so long after DTLS is `no_browser_frame`. Default 8000: the console
   * gives up 10000 after the answer, and its viewer is gone then.
   */
  readonly firstFrameTimeoutMs?: number;
  /** How long to wait for the answer to a BYE before going on. Default 1000. */
  readonly byeWaitMs?: number;
  /** Plays kept for their timelines. Default 500. */
  readonly maxPlays?: number;
  /** Default 2000. */
  readonly maxStreams?: number;
  /** A live publication's name is published again: the new one replaces it, or is refused. Default `take-over`. */
  readonly republish?: 'take-over' | 'refuse';
}

export type Timing = Required<StreamsOptions>;

const DEFAULTS = {
  mediaTimeoutMs: 10_000,
  keyFrameAskMs: 2000,
  reopenDelayMs: 500,
  firstFrameTimeoutMs: 8000,
  byeWaitMs: 1000,
  maxPlays: 500,
  maxStreams: 2000,
  republish: 'take-over',
} as const;

export const REOPEN_MAX_DELAY_MS = 8000;

/** Fills the defaults in. */
export function fillOptions(options: StreamsOptions): Timing {
  return { ...DEFAULTS, ...options };
}
