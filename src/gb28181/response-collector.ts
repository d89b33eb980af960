import type { Command, Commander } from './commander.ts';
import type { DeviceRecord } from './device/record.ts';
import { DeviceRefusedError, DeviceSilentError, RequestAbortedError } from './errors.ts';
import { isError, reasonOf, type Manscdp } from './manscdp/index.ts';
import type { PendingTable } from './pending-table.ts';

/** What the Responses to one Query add up to. */
export interface ResponseParts {
  /** Takes one part, which may be a repeated one; true when nothing more is to come (GB/T 28181 7.4). */
  take(message: Manscdp): boolean;
}

export interface CollectTimes {
  /** Until the first part. */
  readonly firstPartMs: number;
  /** Silence after which the rest is not waited for any more. */
  readonly idleMs: number;
}

export interface Collection {
  readonly command: Command;
  readonly parts: ResponseParts;
  readonly times: CollectTimes;
  /** Result=ERROR is an answer as any other; otherwise it refuses the query where no part came before it. */
  readonly takesErrors?: boolean;
}

/** A device that repeats a part for ever is never silent. */
const MAX_COLLECT_MS = 600_000;

/** One Query and its Responses, found by their SN, until all parts are here or the device falls silent. */
export class ResponseCollector {
  readonly #record: DeviceRecord;
  readonly #links: { readonly commander: Commander; readonly pending: PendingTable };
  readonly #collection: Collection;
  readonly #done = Promise.withResolvers<boolean>();
  #taken = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    record: DeviceRecord,
    links: { readonly commander: Commander; readonly pending: PendingTable },
    collection: Collection,
  ) {
    this.#record = record;
    this.#links = links;
    this.#collection = collection;
  }

  /**
   * Resolves with false where the device fell silent before the last part, or found no end: what came is kept.
   * @throws DeviceSilentError, DeviceRefusedError, RequestAbortedError, PendingLimitError, and those of `Commander.send`
   */
  async run(signal?: AbortSignal): Promise<boolean> {
    const { commander, pending } = this.#links;
    const { id, wireId } = this.#record;
    const { command, times } = this.#collection;
    const parts = command(commander.nextSn(), wireId);
    const { cmdType, sn } = parts;
    const remove = pending.add({ deviceId: id, cmdType, sn }, (message) => this.#take(message));
    const abort = (): void => this.#done.reject(new RequestAbortedError(cmdType));
    this.#done.promise.catch(() => undefined);
    const limit = setTimeout(() => this.#done.resolve(false), MAX_COLLECT_MS);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const { firstPartMs } = times;
      this.#restart(firstPartMs, () => this.#done.reject(new DeviceSilentError(id, cmdType, firstPartMs)));
      await this.#send(parts, signal);
      return await this.#done.promise;
    } finally {
      clearTimeout(this.#timer);
      clearTimeout(limit);
      signal?.removeEventListener('abort', abort);
      remove();
    }
  }

  async #send(parts: ReturnType<Command>, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#links.commander.send(this.#record, parts, signal);
    } catch (error) {
      // The 200 may get lost while the answer comes through.
      if (this.#taken === 0) throw error;
    }
  }

  #take(message: Manscdp): void {
    const { parts, times, takesErrors } = this.#collection;
    if (takesErrors !== true && this.#taken === 0 && isError(message)) {
      return this.#done.reject(new DeviceRefusedError(this.#record.id, message.cmdType, 200, reasonOf(message)));
    }
    this.#taken += 1;
    if (parts.take(message)) return this.#done.resolve(true);
    return this.#restart(times.idleMs, () => this.#done.resolve(false));
  }

  #restart(ms: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, ms);
  }
}
