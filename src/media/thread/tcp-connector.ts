import { connect, type Socket } from 'node:net';

export interface TcpConnectorOptions {
  readonly address: string;
  readonly port: number;
  readonly onSocket: (socket: Socket) => void;
  /** All attempts failed, or the connections ended before media came. */
  readonly onGivenUp: () => void;
}

/** GB/T 28181-2022 annex on RTP over TCP: the connecting side tries again at least three times, at least 1 s apart. */
const MAX_ATTEMPTS = 4;
const RETRY_MS = 1000;
const CONNECT_TIMEOUT_MS = 5000;

type ConnectorState =
  | { readonly kind: 'connecting'; readonly socket: Socket; readonly sinceMs: number }
  | { readonly kind: 'connected' }
  | { readonly kind: 'pausing'; readonly untilMs: number }
  | { readonly kind: 'closed' };

/** TCP active: connects to the device, again after failures. Time comes from the thread's tick. */
export class TcpConnector {
  readonly #options: TcpConnectorOptions;
  #state: ConnectorState;
  #attempts = 0;

  constructor(options: TcpConnectorOptions, nowMs: number) {
    this.#options = options;
    this.#state = { kind: 'pausing', untilMs: nowMs };
    this.tick(nowMs);
  }

  tick(nowMs: number): void {
    if (this.#state.kind === 'pausing' && nowMs >= this.#state.untilMs) this.#connect(nowMs);
    else if (this.#state.kind === 'connecting' && nowMs - this.#state.sinceMs >= CONNECT_TIMEOUT_MS) {
      this.#state.socket.destroy();
      this.#onFailed(nowMs);
    }
  }

  /** Media came: a later loss starts a new row of attempts. */
  onMedia(): void {
    this.#attempts = 0;
  }

  /** The connection that was handed over has ended. */
  onClosed(nowMs: number): void {
    if (this.#state.kind === 'connected') this.#onFailed(nowMs);
  }

  close(): void {
    if (this.#state.kind === 'connecting') this.#state.socket.destroy();
    this.#state = { kind: 'closed' };
  }

  #connect(nowMs: number): void {
    this.#attempts += 1;
    const { address, port, onSocket } = this.#options;
    const socket = connect({ host: address, port, noDelay: true });
    this.#state = { kind: 'connecting', socket, sinceMs: nowMs };
    const onError = (): void => {
      if (this.#isConnecting(socket)) this.#onFailed(performance.now());
    };
    // Stays: an error between `connect` and the owner's listener must not be unhandled.
    socket.on('error', onError);
    socket.once('connect', () => {
      if (!this.#isConnecting(socket)) return;
      this.#state = { kind: 'connected' };
      onSocket(socket);
    });
  }

  #isConnecting(socket: Socket): boolean {
    return this.#state.kind === 'connecting' && this.#state.socket === socket;
  }

  #onFailed(nowMs: number): void {
    if (this.#attempts < MAX_ATTEMPTS) {
      this.#state = { kind: 'pausing', untilMs: nowMs + RETRY_MS };
      return;
    }
    this.#state = { kind: 'closed' };
    this.#options.onGivenUp();
  }
}
