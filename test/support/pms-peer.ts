import type { PmsReply } from '../../src/pms/envelope.ts';
import type { Peer } from '../../src/pms/sessions.ts';

/** A client of the pms signalling without a connection: keeps what it is sent by itself. */
export class PmsPeer implements Peer {
  readonly address = '127.0.0.1';
  readonly userAgent = 'test';
  readonly token = undefined;
  readonly lasting: boolean;
  readonly closed = false;
  readonly received: PmsReply[] = [];

  /** @param lasting false for a request by HTTP */
  constructor(lasting = true) {
    this.lasting = lasting;
  }

  send(reply: PmsReply): void {
    this.received.push(reply);
  }
}
