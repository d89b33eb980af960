import type { Play, TimelineEntry } from '../api/types.ts';

/** Stages of one play in the order in which they happen (docs/architecture.md, evidence timeline). */
export const STAGES = [
  'requested',
  'invite_sent',
  'trying',
  'ok',
  'first_rtp',
  'ssrc_ok',
  'first_pack',
  'codec',
  'first_key_frame',
  'producer',
  'viewer_offer',
  'ice',
  'dtls',
  'first_frame',
] as const;

/** Stages that only some plays have. */
export const SIDE_STAGES = ['sub_stream', 'audio', 'fallback', 'playing', 'failed', 'closed'] as const;

/** Reasons without a picture; each has its explanation in the dictionaries. */
export const FAILURES = [
  'device_offline',
  'invite_timeout',
  'invite_rejected',
  'no_rtp',
  'rtp_wrong_ssrc',
  'rtp_wrong_source',
  'ps_no_video',
  'no_key_frame',
  'codec_unsupported',
  'ice_failed',
  'no_browser_frame',
  'no_media_port',
  'media_lost',
  'device_bye',
  'closed',
  // Told by other parts than the stream:
  'webrtc_unavailable',
  'viewer_limit',
  'stream_limit',
  'forbidden',
  'rtsp_unreachable',
  'rtsp_timeout',
  'rtsp_unauthorized',
  'rtsp_not_found',
  'rtsp_refused',
  'rtsp_bad_answer',
  'rtsp_connection_lost',
  'pull_silent',
  'pull_ended',
  'device_unknown',
  'channel_unknown',
  'stream_unknown',
  'unauthorized',
  'network',
  'browser_unsupported',
  'browser_no_h264',
] as const;

type Failure = (typeof FAILURES)[number];

export const isFailure = (code: string): code is Failure => (FAILURES as readonly string[]).includes(code);

const SIDE: ReadonlySet<string> = new Set(SIDE_STAGES);
const BROWSER_STAGES: ReadonlySet<string> = new Set(['viewer_offer', 'ice', 'dtls', 'first_frame']);
/** Devices may answer without them, so they are not shown as missing. */
const OPTIONAL_STAGES: ReadonlySet<string> = new Set(['trying']);

export interface TimelineStep {
  readonly key: string;
  readonly stage: string;
  readonly state: 'done' | 'current' | 'missing' | 'failed';
  /** ms since the request; absent while it has not happened. */
  readonly afterMs?: number;
  /** ms since the step before. */
  readonly tookMs?: number;
  readonly at?: number;
  readonly detail?: string;
}

/** ICE and DTLS tell each of their states; only the one that means success is a step. */
const IN_BETWEEN: ReadonlySet<string> = new Set(['new', 'checking', 'connecting', 'completed']);
const isStep = ({ stage, detail }: TimelineEntry) =>
  !((stage === 'ice' || stage === 'dtls') && detail !== undefined && IN_BETWEEN.has(detail));

/** Entries of other viewers are not our business. */
const isOurs = (entry: TimelineEntry, viewerId: string | undefined) =>
  entry.viewerId === undefined || entry.viewerId === viewerId;

function doneSteps(entries: readonly TimelineEntry[]): TimelineStep[] {
  return entries.map((entry, index) => ({
    key: `${entry.stage}-${index}`,
    stage: entry.stage,
    state: entry.stage === 'failed' ? 'failed' : 'done',
    afterMs: entry.afterMs,
    tookMs: Math.max(0, entry.afterMs - (entries[index - 1]?.afterMs ?? 0)),
    at: entry.at,
    ...(entry.detail !== undefined && { detail: entry.detail }),
  }));
}

/**
 * The list that the panel shows: what happened, in order, then what is still to come.
 * While opening, the first missing stage is the current one; after a failure it is the one that never came.
 */
export function buildSteps(play: Play, viewerId: string | undefined): TimelineStep[] {
  const entries = play.timeline
    .filter((entry) => isOurs(entry, viewerId) && isStep(entry))
    .sort((a, b) => a.afterMs - b.afterMs);
  const steps = doneSteps(entries);
  const seen = new Set(entries.map((entry) => entry.stage));
  const ended = play.state === 'closed' || play.state === 'failed';
  const missing = STAGES.filter(
    (stage) =>
      !seen.has(stage) &&
      !OPTIONAL_STAGES.has(stage) &&
      !(BROWSER_STAGES.has(stage) && (ended || viewerId === undefined)),
  );
  if (play.state === 'closed' || (play.state === 'playing' && viewerId === undefined)) return steps;
  const lastDone = STAGES.findLastIndex((stage) => seen.has(stage));
  return [
    ...steps,
    // An earlier stage that was passed silently (an NVR without 100 Trying) is not waited for.
    ...missing
      .filter((stage) => STAGES.indexOf(stage) > lastDone)
      .map((stage, index): TimelineStep => {
        const current = index === 0 && play.state === 'opening';
        return { key: `missing-${stage}`, stage, state: current ? 'current' : 'missing' };
      }),
  ];
}

/** The newest stage reached, for the spinner: `first_rtp` reads better than a percentage. */
export function currentStage(play: Play | undefined): string | undefined {
  return play?.timeline.findLast((entry) => !SIDE.has(entry.stage) && entry.viewerId === undefined)?.stage;
}

/** From the request to the picture of this viewer, if it came. */
export function firstFrameMs(play: Play, viewerId: string | undefined): number | undefined {
  return play.timeline.find((entry) => entry.stage === 'first_frame' && isOurs(entry, viewerId))?.afterMs;
}
