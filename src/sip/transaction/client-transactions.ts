import { SipTransportError } from '../errors.ts';
import type { Response } from '../message.ts';
import { ClientTransaction, branchKey, callKey, type ClientTransactionOptions } from './client-transaction.ts';

/** Most client transactions at a time; answered ones make room for new ones. */
export const MAX_CLIENT_TRANSACTIONS = 16_384;

/** Open client transactions, by branch (RFC 3261 §17.1.3) and for broken peers by Call-ID and CSeq. */
export class ClientTransactions {
  readonly #byBranch = new Map<string, ClientTransaction>();
  readonly #byCall = new Map<string, ClientTransaction>();
  /** In the order in which they may be dropped. */
  readonly #finished = new Set<ClientTransaction>();
  readonly #max: number;

  constructor(max = MAX_CLIENT_TRANSACTIONS) {
    this.#max = max;
  }

  get size(): number {
    return this.#byBranch.size;
  }

  /** @throws SipTransportError when the table is full */
  start(options: Omit<ClientTransactionOptions, 'onFinished' | 'onOver'>): ClientTransaction {
    if (this.#byBranch.size >= this.#max && !this.#makeRoom()) {
      throw new SipTransportError(`${this.#byBranch.size} client transactions are open, limit ${this.#max}`);
    }
    const transaction = new ClientTransaction({ ...options, onFinished: this.#onFinished, onOver: this.#onOver });
    this.#byBranch.set(transaction.branchKey, transaction);
    this.#byCall.set(transaction.callKey, transaction);
    transaction.start();
    return transaction;
  }

  /** The transaction that a response belongs to; Via may be missing or be that of an earlier copy. */
  match(response: Response): ClientTransaction | undefined {
    const byBranch = response.via === undefined ? undefined : this.#byBranch.get(branchKey(response));
    return byBranch ?? this.#byCall.get(callKey(response));
  }

  /** Ends all and tells their users. */
  close(): void {
    for (const transaction of this.#byBranch.values()) transaction.close();
  }

  /** A late copy of a response that finds no transaction is dropped as well. */
  #makeRoom(): boolean {
    const [oldest] = this.#finished;
    oldest?.terminate();
    return oldest !== undefined;
  }

  readonly #onFinished = (transaction: ClientTransaction): void => {
    this.#finished.add(transaction);
  };

  readonly #onOver = (transaction: ClientTransaction): void => {
    this.#finished.delete(transaction);
    this.#byBranch.delete(transaction.branchKey);
    this.#byCall.delete(transaction.callKey);
  };
}
