import { GatewayError, errorMessage } from '../util/index.ts';
import { PmsError } from './errors.ts';
import { NOBODY, type Echo } from './messages.ts';

/** A reply, or a message that nobody asked for; the method is the request's own. */
export interface PmsReply {
  readonly version: '1.0';
  /** 0; -1 = the request failed; 1 = media failed later. */
  readonly err: 0 | -1 | 1;
  readonly err_msg: string;
  readonly session: string;
  readonly stream: string;
  readonly method: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export function success(echo: Echo, session: string, data: PmsReply['data']): PmsReply {
  const { stream, method } = echo;
  return { version: '1.0', err: 0, err_msg: 'OK', session, stream, method, data };
}

/** The one mapping of this edge: anything thrown to `err`, `err_msg` and `data.reason`. */
export function failure(echo: Echo, error: unknown): PmsReply {
  const { stream, method, session } = echo;
  const [text, reason] = textOf(echo, error);
  return { version: '1.0', err: -1, err_msg: text, session, stream, method, data: { reason } };
}

/** The reply to a message over a bound, of which nothing was read. */
export function overBound(reason: string, bound: 'too_many_messages' | 'message_too_large'): PmsReply {
  return failure(NOBODY, new PmsError(bound === 'too_many_messages' ? bound : 'message_invalid', reason));
}

/** What was published or played has ended without the client's doing. */
export function ended(echo: Omit<Echo, 'method'>, text: string, reason: string): PmsReply {
  const { stream, session } = echo;
  return { version: '1.0', err: 1, err_msg: text, session, stream, method: 'stream.close', data: { reason } };
}

/** How the original begins its texts. */
const WHAT: Readonly<Record<string, string>> = {
  'stream.publish': 'publish failed, ',
  'stream.play': 'play failed, ',
  'record.start': 'record failed, ',
};

function textOf({ method }: Echo, error: unknown): [text: string, reason: string] {
  if (error instanceof PmsError) return [errorMessage(error), error.code];
  if (!(error instanceof GatewayError)) return ['internal error', 'internal_error'];
  return [`${WHAT[method] ?? ''}${errorMessage(error)}`, error.code];
}
