import { SipTransportError } from '../errors.ts';
import type { Request, Response } from '../message.ts';
import { ClientTransaction, type ClientTransactionOptions } from './client-transaction.ts';

/** Most client transactions at a time. */
export const MAX_CLIENT_TRANSACTIONS = 16_384;

/** Open client transactions, by branch (RFC 3261 §17.1.3) and for broken peers by Call-ID and CSeq. */
export class ClientTransactions {
  readonly #byBranch = new Map<string, ClientTransaction>();
  readonly #byCall = new Map<string, ClientTransaction>();
  readonly #max: number;

  constructor(max = MAX_CLIENT_TRANSACTIONS) {
    this.#max = max;
  }

  get size(): number {
    return this.#byBranch.size;
  }

  /** @throws SipTransportError when the table is full */
  start(options: Omit<ClientTransactionOptions, 'onOver'>): ClientTransaction {
    if (this.#byBranch.size >= this.#max) {
      throw new SipTransportError(`${this.#byBranch.size} client transactions are open, limit ${this.#max}`);
    }
    const transaction = new ClientTransaction({ ...options, onOver: this.#onOver });
    this.#byBranch.set(branchKey(options.request), transaction);
    this.#byCall.set(callKey(options.request), transaction);
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

  readonly #onOver = ({ request }: ClientTransaction): void => {
    this.#byBranch.delete(branchKey(request));
    this.#byCall.delete(callKey(request));
  };
}

function branchKey(message: Request | Response): string {
  return `${message.via?.params.get('branch')} ${message.cseq?.method}`;
}

function callKey({ callId, cseq }: Request | Response): string {
  return `${callId} ${cseq?.sequence} ${cseq?.method}`;
}
