import { errorMessage } from '../util/index.ts';
import type { Core, Trace, TraceStep } from './core.ts';
import { DialogTable } from './dialog-table.ts';
import type { Request, Response } from './message.ts';
import { ClientTransactions } from './transaction/client-transactions.ts';
import { transactionTimers, DEFAULT_TIMERS } from './transaction/timers.ts';
import { ExpiryWheel } from './transaction/wheel.ts';
import type { TransportFlow } from './transport/flow.ts';
import { Transport } from './transport/transport.ts';
import { NOTHING_REFUSED } from './transport/tcp.ts';
import type {
  Dialog,
  OutgoingRequest,
  RefusedConnections,
  SipEngine,
  SipEngineOptions,
  SipListen,
  SipResponse,
  SubscribeAnswer,
} from './types.ts';
import { UserAgentClient } from './user-agent-client.ts';
import { UserAgentServer } from './user-agent-server.ts';
import { validateResponse } from './validate.ts';
import { SipAbortedError } from './errors.ts';

const MAX_TICK_MS = 25;

/**
 * Opens every listening address and starts the engine (RFC 3261).
 * @throws ListenError, with nothing left open
 */
export async function createSipEngine(options: SipEngineOptions): Promise<SipEngine> {
  const engine = new EmbeddedEngine(options);
  await engine.open();
  return engine;
}

/** The engine in this process: one transport, one wheel, a client and a server side. */
class EmbeddedEngine implements SipEngine {
  readonly #options: SipEngineOptions;
  readonly #wheel: ExpiryWheel;
  #parts: { transport: Transport; core: Core; client: UserAgentClient; server: UserAgentServer } | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: SipEngineOptions) {
    this.#options = options;
    const t1 = options.timers?.t1 ?? DEFAULT_TIMERS.t1;
    this.#wheel = new ExpiryWheel(Math.min(MAX_TICK_MS, Math.max(1, t1 / 20)));
  }

  async open(): Promise<void> {
    const { log, userAgent, onFlowClosed } = this.#options;
    const transport = await Transport.open({
      listen: this.#options.listen,
      log,
      ...(this.#options.advertisedHost !== undefined && { advertisedHost: this.#options.advertisedHost }),
      onMessage: (message, bytes, flow) => this.#onMessage(message, bytes, flow),
      onMalformed: (reason, flow, bytes) => this.#onMalformed(reason, flow, bytes),
      onFlowClosed: (flow) => onFlowClosed?.(flow),
    });
    const timers = transactionTimers(this.#options.timers ?? {});
    const core: Core = {
      log,
      userAgent,
      wheel: this.#wheel,
      transport,
      clients: new ClientTransactions(),
      dialogs: new DialogTable(),
      trace: this.#trace(),
      timersOf: (flow) => timers[flow.protocol],
    };
    const server = new UserAgentServer({
      core,
      onRequest: this.#options.onRequest,
      onMalformed: (reason, flow, bytes) => this.#onMalformed(reason, flow, bytes),
    });
    this.#parts = { transport, core, client: new UserAgentClient(core), server };
  }

  get listening(): readonly SipListen[] {
    return this.#parts?.transport.listening ?? [];
  }

  get counts(): SipEngine['counts'] {
    const parts = this.#parts;
    if (parts === undefined) return { transactions: 0, dialogs: 0, connections: 0 };
    return {
      transactions: parts.core.clients.size + parts.server.transactions,
      dialogs: parts.core.dialogs.size,
      connections: parts.transport.connections,
    };
  }

  get refused(): RefusedConnections {
    return this.#parts?.transport.refused ?? NOTHING_REFUSED;
  }

  async request(outgoing: OutgoingRequest): Promise<SipResponse> {
    return this.#open().request(outgoing);
  }

  async invite(outgoing: Omit<OutgoingRequest, 'method'>): Promise<Dialog> {
    return this.#open().invite(outgoing);
  }

  async subscribe(outgoing: Omit<OutgoingRequest, 'method'>): Promise<SubscribeAnswer> {
    return this.#open().subscribe(outgoing);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    for (const dialog of parts.core.dialogs.values()) dialog.end('closed');
    parts.server.close();
    parts.core.clients.close();
    parts.client.close();
    this.#wheel.close();
    await parts.transport.close();
  }

  #open(): UserAgentClient {
    if (this.#parts === undefined || this.#closing !== undefined) throw new SipAbortedError('the engine is closed');
    return this.#parts.client;
  }

  #onMessage(message: Request | Response, bytes: Buffer, flow: TransportFlow): void {
    const parts = this.#parts;
    if (parts === undefined || this.#closing !== undefined) return;
    try {
      if (message.kind === 'request') parts.server.receive(message, bytes, flow);
      else this.#onResponse(message, bytes, flow);
    } catch (error) {
      // A callback of the owner threw: that must not reach the socket.
      this.#options.log.error({ flow: flow.id, error: errorMessage(error) }, 'message handler threw');
    }
  }

  #onResponse(response: Response, bytes: Buffer, flow: TransportFlow): void {
    const fault = validateResponse(response);
    if (fault !== undefined) {
      this.#onMalformed(fault, flow, bytes);
      return;
    }
    const transaction = this.#parts?.core.clients.match(response);
    const repeated = transaction === undefined || transaction.state === 'completed' || transaction.state === 'accepted';
    this.#parts?.core.trace?.({ direction: 'in', flow, message: response, bytes, retransmission: repeated });
    if (transaction !== undefined) transaction.receive(response, flow);
    else this.#parts?.client.receiveStray(response, flow);
  }

  #onMalformed(reason: string, flow: TransportFlow, bytes: Buffer): void {
    this.#options.onMalformed?.(reason, flow, bytes);
  }

  #trace(): Trace {
    const { onWire } = this.#options;
    if (onWire === undefined) return undefined;
    return (step: TraceStep) => onWire({ ...step, at: Date.now() });
  }
}
