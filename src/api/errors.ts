import { GatewayError, errorMessage } from '../util/index.ts';

/** An answer that this folder itself decides on; the status follows from the code. */
export class ApiError extends GatewayError {
  readonly code: ApiErrorCode;
  readonly details: readonly string[] | undefined;
  /** Extra response headers, e.g. `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ApiErrorCode,
    message: string,
    extra: { details?: readonly string[]; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.details = extra.details;
    this.headers = extra.headers ?? {};
  }
}

/** A port of the configuration cannot be opened. */
export class ListenError extends GatewayError {
  readonly code = 'listen_failed';
}

/** Codes of this folder with their HTTP status (docs/errors.md). */
const API_STATUS = {
  invalid_request: 400,
  invalid_json: 400,
  ptz_unknown: 400,
  unauthorized: 401,
  login_failed: 401,
  forbidden: 403,
  not_found: 404,
  device_unknown: 404,
  channel_unknown: 404,
  play_unknown: 404,
  stream_unknown: 404,
  viewer_unknown: 404,
  publication_unknown: 404,
  pull_unknown: 404,
  recording_unknown: 404,
  playback_unknown: 404,
  download_unknown: 404,
  alarm_unknown: 404,
  snapshot_unknown: 404,
  snapshot_session_unknown: 404,
  upgrade_unknown: 404,
  home_position_none: 404,
  room_unknown: 404,
  member_unknown: 404,
  media_node_unknown: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  play_pending: 504,
  device_online: 409,
  snapshot_session_full: 409,
  not_a_publication: 409,
  media_server_fixed: 409,
  precondition_failed: 412,
  body_too_large: 413,
  media_type_unsupported: 415,
  range_unsatisfiable: 416,
  ice_restart_unsupported: 422,
  snapshot_not_jpeg: 422,
  too_many_logins: 429,
  too_many_listeners: 429,
  headers_too_large: 431,
  internal_error: 500,
  request_aborted: 503,
} as const;

/** Codes of the other folders that mean more to a caller than 500. */
const FOREIGN_STATUS: Readonly<Record<string, number>> = {
  sdp_invalid: 400,
  stream_name_invalid: 400,
  pull_invalid: 400,
  push_invalid: 400,
  rtsp_not_found: 404,
  group_unknown: 404,
  file_name_invalid: 400,
  name_invalid: 400,
  date_range_invalid: 400,
  recording_running: 409,
  download_not_resumable: 409,
  group_cycle: 409,
  group_limit: 409,
  playback_ended: 409,
  device_offline: 409,
  edition_unsupported: 409,
  upgrade_running: 409,
  stream_taken: 409,
  endpoint_taken: 409,
  actor_exists: 409,
  room_full: 409,
  room_elsewhere: 409,
  pull_exists: 409,
  codec_unsupported: 422,
  invite_rejected: 502,
  invite_aborted: 502,
  invite_bad_answer: 502,
  device_refused: 502,
  device_bad_answer: 502,
  device_unreachable: 502,
  sip_transport: 502,
  sip_rejected: 502,
  recording_not_started: 502,
  no_rtp: 502,
  rtp_wrong_ssrc: 502,
  rtp_wrong_source: 502,
  ps_no_video: 502,
  no_key_frame: 502,
  media_lost: 502,
  device_bye: 502,
  closed: 502,
  ice_failed: 502,
  no_browser_frame: 502,
  pull_ended: 502,
  pull_silent: 502,
  rtsp_unreachable: 502,
  rtsp_unauthorized: 502,
  rtsp_refused: 502,
  rtsp_bad_answer: 502,
  rtsp_connection_lost: 502,
  sip_aborted: 503,
  too_many_requests_pending: 503,
  ssrc_exhausted: 503,
  ssrc_taken: 503,
  media_address_unknown: 503,
  media_bind_failed: 503,
  media_framing_failed: 503,
  no_media_port: 503,
  thread_died: 503,
  webrtc_unavailable: 503,
  viewer_limit: 503,
  publication_limit: 503,
  stream_limit: 503,
  member_gone: 403,
  pull_limit: 503,
  push_limit: 503,
  actor_limit: 503,
  room_limit: 503,
  media_node_limit: 503,
  rtsp_aborted: 503,
  recording_limit: 503,
  download_limit: 503,
  snapshot_limit: 503,
  call_database_unavailable: 503,
  recording_stopped: 503,
  record_path_unusable: 503,
  disk_space_low: 507,
  invite_timeout: 504,
  rtsp_timeout: 504,
  device_no_response: 504,
  sip_timeout: 504,
};

/** Codes of other folders that mean what one of ours means: callers see one. */
const ALIASES: ReadonlyMap<string, ApiErrorCode> = new Map([
  ['device_not_found', 'device_unknown'],
  ['stream_not_found', 'stream_unknown'],
]);

export type ApiErrorCode = keyof typeof API_STATUS;

/** Status of every code that has one, as in docs/errors.md. */
export const STATUS_OF_CODE: ReadonlyMap<string, number> = new Map(
  Object.entries({ ...FOREIGN_STATUS, ...API_STATUS }),
);

/** The body of every error of our own REST. */
export interface Problem {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details?: readonly string[];
    readonly playId?: string;
    readonly sipStatus?: number;
  };
}

export interface MappedError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly problem: Problem;
}

/** What body-parser, the router and `send` throw. */
interface HttpLikeError {
  readonly status?: unknown;
  readonly type?: unknown;
}

function fromHttpLibrary(error: HttpLikeError & Error): ApiError | undefined {
  if (error.type === 'entity.too.large') return new ApiError('body_too_large', error.message, { cause: error });
  if (error.type === 'encoding.unsupported' || error.type === 'charset.unsupported') {
    return new ApiError('media_type_unsupported', error.message, { cause: error });
  }
  if (typeof error.status === 'number' && error.status >= 400 && error.status < 500) {
    return new ApiError('invalid_request', error.message, { cause: error });
  }
  return undefined;
}

/** `playId` of a StreamError and `status` of an InviteRejectedError, where they have one. */
function extras(error: GatewayError): { playId?: string; sipStatus?: number } {
  const { playId, sipStatus, status } = error as { playId?: unknown; sipStatus?: unknown; status?: unknown };
  const sip = typeof sipStatus === 'number' ? sipStatus : status;
  return {
    ...(typeof playId === 'string' ? { playId } : {}),
    ...(typeof sip === 'number' && !(error instanceof ApiError) ? { sipStatus: sip } : {}),
  };
}

/** The one mapping of this edge: anything thrown to status and body. Texts of unknown errors stay inside. */
export function mapError(thrown: unknown): MappedError {
  const error =
    thrown instanceof Error && !(thrown instanceof GatewayError) ? (fromHttpLibrary(thrown) ?? thrown) : thrown;
  if (!(error instanceof GatewayError)) {
    return { status: 500, headers: {}, problem: { error: { code: 'internal_error', message: 'internal error' } } };
  }
  const details = error instanceof ApiError ? error.details : undefined;
  const code = ALIASES.get(error.code) ?? error.code;
  return {
    status: STATUS_OF_CODE.get(code) ?? 500,
    headers: error instanceof ApiError ? error.headers : {},
    problem: {
      error: {
        code,
        message: errorMessage(error),
        ...(details === undefined ? {} : { details }),
        ...extras(error),
      },
    },
  };
}
