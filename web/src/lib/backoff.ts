/** First waiting time and its ceiling, ms. */
interface Pace {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Our side or the way to it failed: worth asking again soon. */
const QUICK: Pace = { firstMs: 500, maxMs: 10_000 };
/** The device or the camera is not there, said no or said nothing, or all places are taken: asking often makes nothing better. */
const PATIENT: Pace = { firstMs: 4000, maxMs: 60_000 };
const SPREAD = 0.25;

const PATIENT_CODES: ReadonlySet<string> = new Set([
  'device_offline',
  'stream_unknown',
  'invite_timeout',
  'invite_rejected',
  'no_rtp',
  'rtp_wrong_ssrc',
  'rtp_wrong_source',
  'ps_no_video',
  'no_key_frame',
  'viewer_limit',
  'stream_limit',
  'rtsp_unreachable',
  'rtsp_timeout',
  'rtsp_unauthorized',
  'rtsp_not_found',
  'rtsp_refused',
  'rtsp_bad_answer',
  'pull_silent',
]);

/** Failures that another try cannot change: somebody has to act first. */
const FINAL_CODES: ReadonlySet<string> = new Set([
  'codec_unsupported',
  'device_unknown',
  'channel_unknown',
  'invalid_request',
  'sdp_invalid',
  'forbidden',
  'unauthorized',
  'browser_unsupported',
  'browser_no_h264',
  'stream_taken',
  'stream_name_invalid',
]);

/** Waiting time before retry number `attempt` (0 = first): doubles up to a ceiling, spread so that 16 cells do not ask at once. */
export function backoffMs(attempt: number, code = 'network', random: () => number = Math.random): number {
  const { firstMs, maxMs } = PATIENT_CODES.has(code) ? PATIENT : QUICK;
  const base = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 10));
  return Math.round(base * (1 - SPREAD + 2 * SPREAD * random()));
}

/** Whether the player should try again by itself. */
export const isRetryable = (code: string): boolean => !FINAL_CODES.has(code);
