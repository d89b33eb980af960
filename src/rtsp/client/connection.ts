import { connect, type Socket } from 'node:net';
import { errorMessage, plainAddress } from '../../util/index.ts';
import { ClientFramer, type ClientItem, type ServerRequest, type ServerResponse } from './framer.ts';
import { RtspClientError } from './errors.ts';

/** Bytes that may wait to be sent: a server that does not read loses our RTCP. */
const MAX_UNSENT_BYTES = 65_536;
/** Requests without an answer. */
const MAX_PENDING = 8;

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Runs of complete interleaved frames; valid during the call. */
  readonly onFrames: (frames: Buffer) => void;
  /** Once, after the connection was open: it is gone. */
  readonly onClosed: (error: RtspClientError) => void;
}

export interface ClientRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** With its Content-Type among the headers. */
  readonly body?: string;
}

interface Pending {
  readonly resolve: (response: ServerResponse) => void;
  readonly reject: (error: RtspClientError) => void;
}

/** One TCP connection to an RTSP server: requests out, responses by CSeq and interleaved frames in. */
export class ClientConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #framer = new ClientFramer();
  readonly #pending = new Map<number, Pending>();
  #cseq = 0;
  #heardAtMs = performance.now();
  #closed: RtspClientError | undefined;

  private constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#handleData(chunk));
    socket.on('error', (error) => this.#end(lost(errorMessage(error), error)));
    socket.on('close', () => this.#end(lost('the server closed the connection')));
    options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** @throws RtspClientError `rtsp_unreachable`, `rtsp_timeout` or `rtsp_aborted` */
  static async open(options: ConnectionOptions): Promise<ClientConnection> {
    const { host, port, timeoutMs, signal } = options;
    if (signal.aborted) throw aborted();
    const socket = connect({ host, port });
    const opening = Promise.withResolvers<void>();
    const fail = (error: RtspClientError): void => opening.reject(error);
    const abort = (): void => fail(aborted());
    const timer = setTimeout(
      () => fail(new RtspClientError('rtsp_timeout', `no connection within ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal.addEventListener('abort', abort, { once: true });
    socket.once('connect', opening.resolve);
    socket.on('error', (error) => fail(new RtspClientError('rtsp_unreachable', errorMessage(error), { cause: error })));
    try {
      await opening.promise;
      socket.removeAllListeners();
      return new ClientConnection(socket, options);
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  get remoteAddress(): string {
    return plainAddress(this.#socket.remoteAddress);
  }

  /** How long ago anything came. */
  get silentMs(): number {
    return performance.now() - this.#heardAtMs;
  }

  /** Whatever its status. @throws RtspClientError */
  async request({ method, uri, headers, body = '' }: ClientRequest, timeoutMs: number): Promise<ServerResponse> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#pending.size >= MAX_PENDING) {
      throw new RtspClientError('rtsp_timeout', `${MAX_PENDING} requests are without an answer`);
    }
    this.#cseq += 1;
    const cseq = this.#cseq;
    const lines = [`${method} ${uri} RTSP/1.0`, `CSeq: ${cseq}`];
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) lines.push(`${name}: ${value}`);
    if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    const answer = Promise.withResolvers<ServerResponse>();
    const timer = setTimeout(() => {
      answer.reject(new RtspClientError('rtsp_timeout', `no answer to ${method} within ${timeoutMs} ms`));
    }, timeoutMs);
    this.#pending.set(cseq, answer);
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(cseq);
    }
  }

  /** For a writer that minds itself what waits to be sent. */
  get writable(): Pick<Socket, 'writableLength' | 'bytesWritten' | 'write'> {
    return this.#socket;
  }

  /** Framed packets to the server; dropped where it does not read. */
  write(framed: Uint8Array): void {
    if (this.closed || this.#socket.writableLength > MAX_UNSENT_BYTES) return;
    this.#socket.write(framed);
  }

  /** Idempotent. */
  close(): void {
    this.#end(aborted());
  }

  readonly #abort = (): void => this.#end(aborted());

  #handleData(chunk: Buffer): void {
    if (this.closed) return;
    this.#heardAtMs = performance.now();
    const failure = this.#framer.push(chunk, (item) => this.#handleItem(item));
    if (failure === undefined) return;
    this.#end(new RtspClientError('rtsp_bad_answer', `what the server sends is no RTSP: ${failure}`));
  }

  #handleItem(item: ClientItem): void {
    if (this.closed) return;
    if (item.kind === 'frames') this.#options.onFrames(item.frames);
    else if (item.kind === 'request') this.#answer(item);
    else this.#settle(item);
  }

  #settle(response: ServerResponse): void {
    // RFC 2326 §7.1.1: 1xx say that the answer is still to come.
    if (response.status < 200) return;
    const text = response.headers.get('cseq');
    // Some servers leave it out; with one request on the way there is no doubt.
    const only = this.#pending.size === 1 ? this.#pending.keys().next().value : undefined;
    const cseq = text === undefined ? only : Number.parseInt(text, 10);
    if (cseq !== undefined) this.#pending.get(cseq)?.resolve(response);
  }

  /** Pings are answered; there is nothing else that a server could want. */
  #answer({ method, headers }: ServerRequest): void {
    const status = method === 'OPTIONS' || method === 'GET_PARAMETER' ? '200 OK' : '501 Not Implemented';
    const cseq = headers.get('cseq')?.slice(0, 32) ?? '0';
    if (this.#socket.writableLength <= MAX_UNSENT_BYTES) {
      this.#socket.write(`RTSP/1.0 ${status}\r\nCSeq: ${cseq}\r\n\r\n`);
    }
  }

  #end(error: RtspClientError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#options.signal.removeEventListener('abort', this.#abort);
    this.#socket.destroy();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#options.onClosed(error);
  }
}

function lost(message: string, cause?: unknown): RtspClientError {
  return new RtspClientError('rtsp_connection_lost', message, cause === undefined ? {} : { cause });
}

function aborted(): RtspClientError {
  return new RtspClientError('rtsp_aborted', 'the request was withdrawn');
}
