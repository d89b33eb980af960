import { hash, timingSafeEqual } from 'node:crypto';
import { FailureLimit, type Logger } from '../../util/index.ts';
import { ApiError } from '../errors.ts';

/** From one source: a node with a wrong token, which tries every few seconds, must not shut out those beside it. */
const FAILURES_PER_MINUTE = 30;

const digest = (token: string): Buffer => hash('sha256', token, 'buffer');

/** Knows media nodes by their token. */
export class NodeAccess {
  readonly #token: string;
  readonly #log: Logger;
  readonly #failures: FailureLimit;

  /** Without a token nobody is a media node. */
  constructor(token: string, log: Logger, now: () => number = () => performance.now()) {
    this.#token = token;
    this.#log = log;
    this.#failures = new FailureLimit(FAILURES_PER_MINUTE, now);
  }

  /** Whether the token is that of media nodes. @throws ApiError `too_many_logins`, whatever the token is */
  check(token: string | undefined, source: string): boolean {
    if (this.#token === '' || token === undefined) return false;
    const waitSec = this.#failures.waitSec(source);
    if (waitSec > 0) {
      throw new ApiError('too_many_logins', `too many wrong tokens from ${source}, wait ${waitSec} s`, {
        headers: { 'Retry-After': String(waitSec) },
      });
    }
    if (timingSafeEqual(digest(token), digest(this.#token))) return true;
    this.#failures.count(source);
    this.#log.warn({ source }, 'media node with a wrong token');
    return false;
  }
}
