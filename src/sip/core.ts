import type { Logger } from '../util/index.ts';
import type { DialogTable } from './dialog-table.ts';
import type { Request, Response } from './message.ts';
import type { ClientTransactions } from './transaction/client-transactions.ts';
import type { TransactionTimers } from './transaction/timers.ts';
import type { ExpiryWheel } from './transaction/wheel.ts';
import type { TransportFlow } from './transport/flow.ts';
import type { Transport } from './transport/transport.ts';

/** What the parts of one engine share. */
export interface Core {
  readonly log: Logger;
  readonly userAgent: string;
  readonly wheel: ExpiryWheel;
  readonly transport: Transport;
  readonly clients: ClientTransactions;
  readonly dialogs: DialogTable;
  readonly trace: Trace;
  timersOf(flow: TransportFlow): TransactionTimers;
}

/** Tells the engine's owner of one message on the wire; undefined when nobody listens. */
export type Trace = ((step: TraceStep) => void) | undefined;

export interface TraceStep {
  readonly direction: 'in' | 'out';
  readonly flow: TransportFlow;
  readonly message: Request | Response;
  readonly bytes: Buffer;
  readonly retransmission: boolean;
}
