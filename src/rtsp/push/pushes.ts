import type { Streams } from '../../stream/index.ts';
import type { Logger } from '../../util/index.ts';
import { parseRtspAddress, type RtspAddress } from '../client/address.ts';
import { PushInvalidError, PushLimitError } from './errors.ts';
import { PushedStream } from './pushed-stream.ts';
import type { Push, Pushes, PushRequest } from './types.ts';

const MAX_PUSHES = 500;
const TIMEOUT_MS = 5000;
const KEEP_ALIVE_MS = 20_000;

export interface PushesOptions {
  readonly userAgent: string;
  /** For the connection, and for each answer; default 5000. */
  readonly timeoutMs?: number;
}

/** @throws PushInvalidError */
function addressOf(url: string): RtspAddress {
  const address = parseRtspAddress(url);
  if ('fault' in address) throw new PushInvalidError(`the URL ${address.fault}`);
  return address;
}

class AllPushes implements Pushes {
  readonly #options: PushesOptions;
  readonly #streams: Pick<Streams, 'tap'>;
  readonly #log: Logger;
  readonly #pushes = new Set<PushedStream>();

  constructor(options: PushesOptions, { streams, log }: PushesParts) {
    this.#options = options;
    this.#streams = streams;
    this.#log = log;
  }

  check(url: string): void {
    addressOf(url);
  }

  start({ stream, url }: PushRequest): Push {
    const address = addressOf(url);
    if (this.#pushes.size >= MAX_PUSHES) {
      throw new PushLimitError(`${this.#pushes.size} streams are pushed, the limit is ${MAX_PUSHES}`);
    }
    const { userAgent, timeoutMs = TIMEOUT_MS } = this.#options;
    const push = new PushedStream({
      stream,
      address,
      userAgent,
      timeoutMs,
      keepAliveMs: KEEP_ALIVE_MS,
      streams: this.#streams,
      onEnded: (ended) => this.#pushes.delete(ended),
      log: this.#log,
    });
    this.#pushes.add(push);
    return push;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pushes].map((push) => push.close()));
  }
}

export interface PushesParts {
  readonly streams: Pick<Streams, 'tap'>;
  readonly log: Logger;
}

export const createPushes = (options: PushesOptions, parts: PushesParts): Pushes => new AllPushes(options, parts);
