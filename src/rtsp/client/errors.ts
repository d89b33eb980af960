import { GatewayError } from '../../util/index.ts';

/** Why a server's stream cannot be had. */
export type RtspClientFailure =
  | 'rtsp_unreachable'
  | 'rtsp_timeout'
  | 'rtsp_unauthorized'
  | 'rtsp_not_found'
  | 'rtsp_refused'
  | 'rtsp_bad_answer'
  | 'rtsp_connection_lost'
  | 'rtsp_aborted'
  | 'codec_unsupported';

/** A request to an RTSP server that did not end as it should. */
export class RtspClientError extends GatewayError {
  override readonly code: RtspClientFailure;
  /** Status of the response that refused. */
  readonly status: number | undefined;

  constructor(code: RtspClientFailure, message: string, details: { status?: number; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
  }
}
