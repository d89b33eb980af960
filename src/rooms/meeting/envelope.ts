import { GatewayError, errorMessage } from '../../util/index.ts';
import { MeetingError } from './errors.ts';
import type { Echo } from './messages.ts';

/** The answer to a request; `data` is JSON. The session stands in both places that the document has it. */
export function success({ version, cseq, method }: Echo, session: string, data = '{}'): string {
  const own = `"session":${JSON.stringify(session)}`;
  const more = data === '{}' ? '' : `,${data.slice(1, -1)}`;
  return `{"version":${version},"cseq":${cseq},"method":"${method}","err":0,"err_msg":"OK",${own},"data":{${own}${more}}}`;
}

/** The one mapping of this edge: anything thrown to `err`, `err_msg` and `data.reason`. */
export function failure({ version, cseq, method, session }: Echo, error: unknown): string {
  const known = error instanceof GatewayError;
  const reason = known ? error.code : 'internal_error';
  const text = known ? errorMessage(error) : 'internal error';
  return JSON.stringify({ version, cseq, method, err: -1, err_msg: text, session, data: { reason } });
}

/** A message that nobody asked for, written once for all members: only their own session differs. */
export class EventText {
  readonly #head: string;
  readonly #tail: string;

  /** `data` is JSON. */
  constructor(event: 'stream' | 'endpoint' | 'error' | 'broadcast', cseq: number, data: string) {
    this.#head = `{"version":0,"cseq":${cseq},"event":"${event}","session":"`;
    this.#tail = `","data":${data}}`;
  }

  /** Sessions are our own and need no escape. */
  for(session: string): string {
    return this.#head + session + this.#tail;
  }
}

/** JSON of what a client has sent. @throws MeetingError `message_invalid` where it is nested too deeply to be written */
export function jsonOf(value: object, field: string): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new MeetingError('message_invalid', `${field}: nested too deeply`, { cause });
  }
}
