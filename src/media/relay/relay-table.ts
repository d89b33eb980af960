import type { RelayEndReason } from '../relay-types.ts';
import type { ThreadContext } from '../thread/thread-context.ts';
import type { RelayNotice, RelayRequest } from './protocol.ts';
import { RelayQueue } from './relay-queue.ts';
import { RelaySession } from './relay-session.ts';

/** The relays of one media thread, by the main thread's keys. */
export class RelayTable {
  readonly #context: ThreadContext;
  readonly #queue: RelayQueue;
  readonly #sessions = new Map<number, RelaySession>();

  constructor(context: ThreadContext) {
    this.#context = context;
    this.#queue = new RelayQueue(context.arena);
  }

  /** Requests for a relay that has ended meanwhile are dropped. */
  onRequest(key: number, request: RelayRequest): void {
    if (request.name === 'open') {
      const tell = (notice: RelayNotice, transfer?: readonly ArrayBuffer[]): void =>
        this.#context.tell({ type: 'relay', key, notice }, transfer);
      const onEnded = (reason: RelayEndReason): void => this.#end(key, reason);
      const session = new RelaySession({ relay: request.options, tell, onEnded, queue: this.#queue }, this.#context);
      this.#sessions.set(key, session);
      session.open();
    } else if (request.name === 'close') this.#end(key, 'closed');
    else this.#sessions.get(key)?.onRequest(request);
  }

  tick(nowMs: number): void {
    for (const session of this.#sessions.values()) session.tick(nowMs);
  }

  sample(nowMs: number): void {
    for (const session of this.#sessions.values()) session.sample(nowMs);
  }

  close(): void {
    for (const key of this.#sessions.keys()) this.#end(key, 'closed');
  }

  #end(key: number, reason: RelayEndReason): void {
    const session = this.#sessions.get(key);
    if (session === undefined) return;
    this.#sessions.delete(key);
    const { stats } = session;
    session.close();
    this.#context.tell({ type: 'relay', key, notice: { name: 'ended', reason, stats } });
  }
}
