import type { IncomingRequest, SipEngine, SipEngineOptions, SipListen, SipRequest, WireMessage } from '../sip/index.ts';
import type { Logger } from '../util/index.ts';
import type { DeviceRecord } from './device/record.ts';
import type { DeviceTable } from './device/table.ts';
import { RequestAbortedError } from './errors.ts';
import { listenOf } from './listen.ts';
import { SipStatistics } from './sip-statistics.ts';
import { SipTrace } from './sip-trace.ts';
import type { SipCounters, TraceEntry, TraceFilter } from './sip-types.ts';
import type { PlatformOptions } from './types.ts';

export interface SignallingParts {
  readonly table: DeviceTable;
  /** Aborts when the platform closes: from then on nothing new is sent. */
  readonly closing: AbortSignal;
  /** Of each message that is traced; makes the entry for those who want it. */
  readonly onTraced: (entry: () => TraceEntry) => void;
  readonly log: Logger;
}

const USER_AGENT = 'gbrtc';

/** The platform's SIP: the engine, what is counted of its messages, and their trace. */
export class Signalling {
  readonly #options: PlatformOptions;
  readonly #parts: SignallingParts;
  readonly #trace: SipTrace;
  readonly #statistics = new SipStatistics();
  #engine: SipEngine | undefined;

  constructor(options: PlatformOptions, parts: SignallingParts) {
    this.#options = options;
    this.#parts = parts;
    this.#trace = new SipTrace({
      maxEntries: options.traceEntries,
      perDevice: options.traceEntriesPerDevice,
      deviceOf: (user, flow) => parts.table.sender(user, flow)?.id,
    });
  }

  /** @throws whatever the engine throws when an address cannot be listened on */
  async open(
    createEngine: (options: SipEngineOptions) => Promise<SipEngine>,
    onRequest: (incoming: IncomingRequest) => void,
  ): Promise<void> {
    const { advertisedHost } = this.#options;
    const { table, log } = this.#parts;
    this.#engine = await createEngine({
      listen: listenOf(this.#options),
      ...(advertisedHost !== undefined && advertisedHost !== '' && { advertisedHost }),
      userAgent: USER_AGENT,
      onRequest,
      onWire: (wire) => this.#onWire(wire),
      onFlowClosed: (flow) => table.connectionClosed(flow),
      onMalformed: (reason) => this.#statistics.countMalformed(reason),
      log,
    });
  }

  /** For requests of ours. @throws RequestAbortedError */
  get engine(): SipEngine {
    if (this.#engine === undefined || this.#parts.closing.aborted) throw new RequestAbortedError('platform');
    return this.#engine;
  }

  get listening(): readonly SipListen[] {
    return this.#engine?.listening ?? [];
  }

  get counters(): Omit<SipCounters, 'pending'> {
    const { requestsIn, requestsOut, malformed } = this.#statistics;
    const { transactions = 0, dialogs = 0, connections = 0 } = this.#engine?.counts ?? {};
    const refusedConnections = { ...this.#engine?.refused };
    return { requestsIn, requestsOut, malformed, transactions, dialogs, connections, refusedConnections };
  }

  /** Tells the trace whose a request of ours is. */
  own(record: DeviceRecord, request: SipRequest): void {
    this.#trace.own(request.headers.get('Call-ID') ?? '', record.id);
  }

  trace(filter: TraceFilter): TraceEntry[] {
    return this.#trace.read(filter);
  }

  async close(): Promise<void> {
    await this.#engine?.close();
  }

  #onWire(wire: WireMessage): void {
    this.#statistics.count(wire);
    if (this.#options.traceEntries === 0) return;
    this.#parts.onTraced(this.#trace.add(wire));
  }
}
