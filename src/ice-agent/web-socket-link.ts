import { WebSocket } from 'ws';
import { errorMessage } from '../util/index.ts';
import { GatewayLinkError } from './errors.ts';
import type { GatewayLink } from './types.ts';

const TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 65_536;

/** The RoomServer's WebSocket, which answers with generalMsgResp; opened anew when it was lost. */
export class WebSocketLink implements GatewayLink {
  readonly #server: URL;
  readonly #headers: Readonly<Record<string, string>>;
  #socket: WebSocket | undefined;

  constructor(server: URL, token: string) {
    this.#server = server;
    this.#headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  }

  async send(message: Readonly<Record<string, unknown>>): Promise<string> {
    const socket = this.#open();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail('no answer'), TIMEOUT_MS);
      const stop = (): void => {
        clearTimeout(timer);
        socket.off('open', send).off('message', handleMessage).off('error', handleError).off('close', handleClose);
      };
      const fail = (reason: string): void => {
        stop();
        // An answer that comes late would be taken for the next one's.
        this.close();
        reject(new GatewayLinkError(`${this.#server.origin} does not answer: ${reason}`));
      };
      const send = (): void => socket.send(JSON.stringify(message));
      const handleError = (error: Error): void => fail(errorMessage(error));
      const handleClose = (code: number): void => fail(`closed with ${code}`);
      const handleMessage = (bytes: Buffer): void => {
        const answer = answerOf(bytes.toString());
        if (answer === undefined) return;
        stop();
        resolve(answer);
      };
      socket.on('message', handleMessage).on('error', handleError).on('close', handleClose);
      if (socket.readyState === WebSocket.OPEN) send();
      else socket.on('open', send);
    });
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.on('error', () => {}).terminate();
  }

  #open(): WebSocket {
    if (this.#socket !== undefined && this.#socket.readyState <= WebSocket.OPEN) return this.#socket;
    this.#socket = new WebSocket(this.#server, {
      headers: this.#headers,
      maxPayload: MAX_ANSWER_BYTES,
      handshakeTimeout: TIMEOUT_MS,
      perMessageDeflate: false,
    });
    // Between two messages nobody else listens.
    this.#socket.on('error', () => {});
    return this.#socket;
  }
}

/** `desc` of a generalMsgResp; other messages are not for us. */
function answerOf(text: string): string | undefined {
  try {
    const { cmd, desc } = JSON.parse(text) as { readonly cmd?: unknown; readonly desc?: unknown };
    return cmd === 'generalMsgResp' && typeof desc === 'string' ? desc : undefined;
  } catch {
    return undefined;
  }
}
