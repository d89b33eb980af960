import type { OutgoingRequest, SipEngine, SipRequest } from '../sip/index.ts';
import { GatewayError } from '../util/index.ts';
import type { DeviceRecord } from './device/record.ts';
import {
  DeviceAnswerError,
  DeviceRefusedError,
  DeviceSilentError,
  DeviceUnreachableError,
  RequestAbortedError,
} from './errors.ts';
import {
  formatManscdp,
  isError,
  MANSCDP_CONTENT_TYPE,
  reasonOf,
  resultOf,
  type Manscdp,
  type ManscdpParts,
} from './manscdp/index.ts';
import type { PendingTable } from './pending-table.ts';
import { sipUri } from './sip-fields.ts';

export interface CommanderOptions {
  readonly serial: string;
  readonly realm: string;
  readonly engine: () => SipEngine;
  readonly pending: PendingTable;
  readonly responseTimeoutMs: number;
  /** Tells the trace whose request it is. */
  readonly onSent: (record: DeviceRecord, request: SipRequest) => void;
}

/** A command without the SN, which the commander gives. */
export type Command = (sn: number, deviceId: string) => ManscdpParts;

const MAX_SN = 999_999;

/** Sends MANSCDP to devices in MESSAGE requests and waits for what comes back (GB/T 28181 4.3). */
export class Commander {
  readonly #options: CommanderOptions;
  #sn = Math.floor(Math.random() * 10_000);

  constructor(options: CommanderOptions) {
    this.#options = options;
  }

  /** Positive, and not used again before a million requests. */
  nextSn(): number {
    this.#sn = (this.#sn % MAX_SN) + 1;
    return this.#sn;
  }

  /**
   * Resolves when the device answered the MESSAGE with 2xx.
   * @throws DeviceUnreachableError, DeviceRefusedError, RequestAbortedError
   */
  async send(record: DeviceRecord, parts: ManscdpParts, signal?: AbortSignal): Promise<void> {
    const { engine, responseTimeoutMs } = this.#options;
    const { cmdType } = parts;
    // An aborted signal tells its listeners nothing any more.
    if (isAborted(signal)) throw new RequestAbortedError(cmdType);
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const timer = setTimeout(abort, responseTimeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const response = await engine().request(this.#request(record, parts, controller.signal));
      if (response.status >= 300) throw new DeviceRefusedError(record.id, cmdType, response.status);
    } catch (error) {
      if (error instanceof DeviceRefusedError) throw error;
      if (isAborted(signal)) throw new RequestAbortedError(cmdType);
      throw new DeviceUnreachableError(record.id, cmdType, error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #request(record: DeviceRecord, parts: ManscdpParts, signal: AbortSignal): OutgoingRequest {
    const { serial, realm, onSent } = this.#options;
    return {
      method: 'MESSAGE',
      // GB/T 28181 4.3: the registered device, also when the command is for one of its channels.
      uri: record.requestUri(record.wireId, realm),
      from: sipUri(serial, realm),
      to: sipUri(record.wireId, realm),
      target: record.target,
      contentType: MANSCDP_CONTENT_TYPE,
      body: formatManscdp(parts, record.charset),
      signal,
      onSent: (request) => onSent(record, request),
    };
  }

  /**
   * Sends a Query and resolves with its first Response.
   * @throws DeviceSilentError, PendingLimitError, DeviceRefusedError (also for Result=ERROR), DeviceAnswerError, and
   *   those of `send`
   */
  async query(record: DeviceRecord, command: Command, signal?: AbortSignal): Promise<Manscdp> {
    const parts = command(this.nextSn(), record.wireId);
    const { cmdType, sn } = parts;
    const { pending, responseTimeoutMs } = this.#options;
    const answer = Promise.withResolvers<Manscdp>();
    let answered = false;
    // The answer may come before the 200, or never.
    answer.promise.catch(() => undefined);
    const remove = pending.add({ deviceId: record.id, cmdType, sn }, (message) => {
      answered = true;
      answer.resolve(message);
    });
    const abort = (): void => answer.reject(new RequestAbortedError(cmdType));
    let timer: NodeJS.Timeout | undefined;
    try {
      signal?.addEventListener('abort', abort, { once: true });
      // A signal that aborts meanwhile rejects the answer.
      await this.send(record, parts, signal).catch((error: unknown) => {
        // The 200 may get lost while the answer comes through.
        if (!answered) throw error;
      });
      const silent = (): void => answer.reject(new DeviceSilentError(record.id, cmdType, responseTimeoutMs));
      timer = setTimeout(silent, responseTimeoutMs);
      const message = await answer.promise;
      const unreadable = message.salvaged || (message.cutOff && resultOf(message) === undefined);
      if (unreadable) throw new DeviceAnswerError(record.id, cmdType);
      if (isError(message)) throw new DeviceRefusedError(record.id, cmdType, 200, reasonOf(message));
      return message;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      remove();
    }
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** The `code` of one of our own errors, else empty. */
export function codeOf(error: unknown): string {
  return error instanceof GatewayError ? error.code : '';
}
