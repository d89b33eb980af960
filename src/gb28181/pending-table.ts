import { PendingLimitError } from './errors.ts';
import type { Manscdp } from './manscdp/index.ts';

/** Takes one answering message; several may come for one request (GB/T 28181 7.4). */
export type ResponseHandler = (message: Manscdp) => void;

const MAX_PENDING = 50_000;

/**
 * Requests that wait for a MANSCDP Response, found by (device, CmdType, SN) (GB/T 28181 4.1). DeviceID is left out
 * of the key: some devices answer with the ID of the parent.
 */
export class PendingTable {
  readonly #handlers = new Map<string, ResponseHandler>();
  readonly #limit: number;

  constructor(limit = MAX_PENDING) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#handlers.size;
  }

  /** Returns what removes the entry. @throws PendingLimitError */
  add(key: { deviceId: string; cmdType: string; sn: number }, handler: ResponseHandler): () => void {
    if (this.#handlers.size >= this.#limit) throw new PendingLimitError(this.#handlers.size, this.#limit);
    const text = keyOf(key.deviceId, key.cmdType, key.sn);
    this.#handlers.set(text, handler);
    return () => {
      if (this.#handlers.get(text) === handler) this.#handlers.delete(text);
    };
  }

  /** False when nothing waits for it: late, repeated, or never asked for. */
  deliver(deviceId: string, message: Manscdp): boolean {
    const handler = this.#handlers.get(keyOf(deviceId, message.cmdType, message.sn));
    handler?.(message);
    return handler !== undefined;
  }
}

/** Names under which some devices answer another command. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['sensorcatalog', 'catalog'],
  // Dahua (quirks 2.3).
  ['homeposition', 'homepositionquery'],
]);

function keyOf(deviceId: string, cmdType: string, sn: number): string {
  const lower = cmdType.toLowerCase();
  return `${deviceId} ${ALIASES.get(lower) ?? lower} ${sn}`;
}
