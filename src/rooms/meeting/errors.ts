import { GatewayError } from '../../util/index.ts';

/** Why a request of a member failed; docs/errors.md explains each. */
export type MeetingErrorCode =
  | 'message_invalid'
  | 'method_unknown'
  | 'too_many_messages'
  | 'not_joined'
  | 'already_joined'
  | 'session_unknown'
  | 'token_missing'
  | 'token_invalid'
  | 'token_expired'
  | 'not_allowed'
  | 'name_invalid'
  | 'room_full'
  | 'room_limit'
  | 'endpoint_taken'
  | 'room_elsewhere'
  | 'stream_taken'
  | 'stream_unknown'
  | 'stream_limit'
  | 'media_node_limit'
  | 'closed';

/** A request that the meeting server refuses. */
export class MeetingError extends GatewayError {
  readonly code: MeetingErrorCode;

  constructor(code: MeetingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Nobody without a right token gets in: the connection closes after this answer. */
export class AdmissionError extends MeetingError {}
