import type { Peer, PeerHandler, WebSocketProtocol } from '../../src/websocket/index.ts';

/** A client of a protocol without a socket: what is sent to it is kept. */
export class FakePeer implements Peer {
  readonly address: string;
  readonly userAgent: string;
  readonly token: string | undefined;
  readonly query: URLSearchParams;
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly secure: boolean;
  /** Texts that were sent to it, oldest first. */
  readonly sent: string[] = [];
  /** Set by `close` of the protocol. */
  closeCode: number | undefined;
  closeReason = '';
  closed = false;
  /** Its network has gone without a word. */
  silent = false;
  /** How often it was asked whether it is there. */
  asked = 0;
  readonly #handler: PeerHandler;

  constructor(protocol: WebSocketProtocol, facts: Partial<Omit<Peer, 'closed' | 'send' | 'answers' | 'close'>> = {}) {
    this.address = facts.address ?? '192.0.2.7';
    this.userAgent = facts.userAgent ?? 'test';
    this.token = facts.token;
    this.query = facts.query ?? new URLSearchParams();
    this.origin = facts.origin;
    this.host = facts.host;
    this.secure = facts.secure ?? false;
    this.#handler = protocol.connect(this);
  }

  send(text: string): void {
    if (!this.closed) this.sent.push(text);
  }

  async answers(withinMs: number): Promise<boolean> {
    this.asked += 1;
    if (this.silent) await new Promise((resolve) => setTimeout(resolve, withinMs));
    return !this.silent && !this.closed;
  }

  close(code: number, reason: string): void {
    if (this.closed) return;
    this.closeCode = code;
    this.closeReason = reason;
    this.drop();
  }

  /** The connection is lost. */
  drop(): void {
    if (this.closed) return;
    this.closed = true;
    this.#handler.handleClose();
  }

  /** The client sends a text; resolves when it has been handled. */
  async say(text: string): Promise<void> {
    if (!this.closed) await this.#handler.handleMessage(text);
  }

  /** The client has sent more than it may. */
  refuse(reason: string): void {
    this.#handler.handleRefused(reason);
  }

  /** What was sent to it since the last call, as JSON. */
  take<T = Record<string, unknown>>(): T[] {
    return this.sent.splice(0).map((text) => JSON.parse(text) as T);
  }
}
