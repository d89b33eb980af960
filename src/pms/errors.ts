import { GatewayError } from '../util/index.ts';

export type PmsErrorCode =
  | 'message_invalid'
  | 'method_unknown'
  | 'session_unknown'
  | 'session_role'
  | 'session_limit'
  | 'stream_unknown'
  | 'publisher_not_found'
  | 'job_not_found'
  | 'not_allowed'
  | 'too_many_messages';

/** A message that is answered with `err` -1; `code` goes into `data.reason`. */
export class PmsError extends GatewayError {
  readonly code: PmsErrorCode;

  constructor(code: PmsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A port or a TLS file of the configuration cannot be used. */
export class PmsListenError extends GatewayError {
  override readonly code = 'pms_listen_failed';
}
