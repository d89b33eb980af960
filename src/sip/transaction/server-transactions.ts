import type { Request } from '../message.ts';
import { FinishedResponses } from './finished-responses.ts';
import { ServerTransaction, type ServerTransactionOptions } from './server-transaction.ts';
import { BRANCH_COOKIE } from '../headers/via.ts';

/** Most server transactions at a time; finished ones make room for new ones. */
export const MAX_SERVER_TRANSACTIONS = 32_768;

/**
 * RFC 3261 §17.2.3: branch, sent-by and method. Call-ID and CSeq number are in it as well, which changes nothing for
 * a peer that keeps to the RFC and tells apart the requests of one that repeats its branch.
 */
export function serverKey(request: Request, method: string): string {
  const { via, cseq, callId } = request;
  const branch = via?.params.get('branch') ?? '';
  const top = branch.startsWith(BRANCH_COOKIE) ? `${branch} ${via?.host}:${via?.port}` : oldKey(request);
  return `${method} ${cseq?.sequence} ${callId} ${top}`;
}

/** Peers of RFC 2543 have no branch that identifies anything. */
function oldKey({ via, fromTag }: Request): string {
  return `- ${via?.host}:${via?.port} ${via?.params.get('branch')} ${fromTag}`;
}

/** Open server transactions by key, and the final responses of those that only wait for copies of their request. */
export class ServerTransactions {
  readonly #byKey = new Map<string, ServerTransaction>();
  readonly #finished = new FinishedResponses();
  readonly #max: number;

  constructor(max = MAX_SERVER_TRANSACTIONS) {
    this.#max = max;
  }

  get size(): number {
    return this.#byKey.size + this.#finished.size;
  }

  find(key: string): ServerTransaction | undefined {
    return this.#byKey.get(key);
  }

  /** Final response of a completed transaction, for a copy of its request. */
  finished(key: string): Buffer | undefined {
    return this.#finished.find(key);
  }

  /** Undefined where the table is full of unanswered requests. */
  create(options: Omit<ServerTransactionOptions, 'onFinished' | 'onOver'>): ServerTransaction | undefined {
    if (this.size >= this.#max && !this.#finished.dropOldest()) return undefined;
    const transaction = new ServerTransaction({ ...options, onFinished: this.#onFinished, onOver: this.#onOver });
    this.#byKey.set(transaction.key, transaction);
    return transaction;
  }

  close(): void {
    for (const transaction of this.#byKey.values()) transaction.terminate();
    this.#finished.clear();
  }

  readonly #onFinished: ServerTransactionOptions['onFinished'] = (options, response) => {
    this.#finished.add(options.key, response, { wheel: options.wheel, lastsMs: options.timers.j });
  };

  readonly #onOver = (transaction: ServerTransaction): void => {
    if (this.#byKey.get(transaction.key) === transaction) this.#byKey.delete(transaction.key);
  };
}
