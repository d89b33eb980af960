import { GatewayError } from '../util/index.ts';

/**
 * `mail_unanswered`: the server may have had the whole message and has not said what became of it; every other one: it
 * has not taken the message.
 */
export type MailErrorCode =
  | 'mail_invalid'
  | 'mail_unreachable'
  | 'mail_timeout'
  | 'mail_unauthorized'
  | 'mail_refused'
  | 'mail_aborted'
  | 'mail_unanswered';

/** A message was not sent. */
export class MailError extends GatewayError {
  readonly code: MailErrorCode;

  constructor(code: MailErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
