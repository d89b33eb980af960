import { HOP_HEADER, formatHops } from '../headers/hop.ts';
import { Authentication, type Account } from './authentication.ts';
import { parseRtspAddress, type RtspAddress } from './address.ts';
import { ClientConnection } from './connection.ts';
import { RtspClientError } from './errors.ts';
import type { ServerResponse } from './framer.ts';

const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 305, 307, 308]);

export interface DialogueOptions {
  readonly address: RtspAddress;
  /** Told to the host of the address only, wherever it sends us. */
  readonly account: Account | undefined;
  readonly userAgent: string;
  readonly hops: readonly string[];
  /** For the connection, and for each answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onFrames: (frames: Buffer) => void;
  /** Once: the connection is gone. */
  readonly onClosed: (error: RtspClientError) => void;
}

export interface Asked {
  readonly method: string;
  readonly uri: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

/** Requests to one server, answered with the account where it asks for one. */
export class Dialogue {
  readonly address: RtspAddress;
  readonly #connection: ClientConnection;
  readonly #options: DialogueOptions;
  readonly #authentication: Authentication;

  private constructor(connection: ClientConnection, options: DialogueOptions) {
    this.#connection = connection;
    this.#options = options;
    this.address = options.address;
    this.#authentication = new Authentication(options.account);
  }

  /** @throws RtspClientError */
  static async open(options: DialogueOptions): Promise<Dialogue> {
    const { host, port } = options.address;
    return new Dialogue(await ClientConnection.open({ ...options, host, port }), options);
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  get silentMs(): number {
    return this.#connection.silentMs;
  }

  get closed(): boolean {
    return this.#connection.closed;
  }

  /** The response whatever its status, but 401. @throws RtspClientError */
  async request(
    { method, uri, headers = {}, body = '' }: Asked,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<ServerResponse> {
    const { userAgent, hops } = this.#options;
    for (let fresh = false; ; fresh = true) {
      const authorization = this.#authentication.authorization(method, uri);
      const common = { 'User-Agent': userAgent, [HOP_HEADER]: formatHops(hops), Authorization: authorization };
      const response = await this.#connection.request(
        { method, uri, headers: { ...common, ...headers }, body },
        timeoutMs,
      );
      if (response.status !== 401) return response;
      if (!this.#authentication.accept(response.headers.get('www-authenticate') ?? '', fresh)) {
        const why = authorization === undefined ? 'it asks for a user and a password' : 'it refuses user or password';
        throw new RtspClientError('rtsp_unauthorized', why, { status: 401 });
      }
    }
  }

  get writable(): ClientConnection['writable'] {
    return this.#connection.writable;
  }

  write(framed: Uint8Array): void {
    this.#connection.write(framed);
  }

  /** Idempotent. */
  close(): void {
    this.#connection.close();
  }
}

/** Opens a dialogue and lets `ask` use it, at another server where the answer sends us there. @throws RtspClientError */
export async function followRedirects(
  options: DialogueOptions,
  ask: (dialogue: Dialogue) => Promise<ServerResponse>,
): Promise<{ readonly dialogue: Dialogue; readonly response: ServerResponse }> {
  let { address } = options;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    // Only the one that stays tells its end.
    let kept = false;
    const onClosed = (error: RtspClientError): void => {
      if (kept) options.onClosed(error);
    };
    const account = address.host === options.address.host ? options.account : undefined;
    const dialogue = await Dialogue.open({ ...options, address, account, onClosed });
    try {
      const response = await ask(dialogue);
      if (!REDIRECTS.has(response.status)) {
        kept = !dialogue.closed;
        if (kept) return { dialogue, response };
        throw new RtspClientError('rtsp_connection_lost', 'the server closed the connection');
      }
      address = locationOf(response);
    } finally {
      if (!kept) dialogue.close();
    }
  }
  throw new RtspClientError('rtsp_bad_answer', `more than ${MAX_REDIRECTS} redirects`);
}

/** @throws RtspClientError */
function locationOf({ headers }: ServerResponse): RtspAddress {
  const address = parseRtspAddress(headers.get('location') ?? '');
  if ('fault' in address) throw new RtspClientError('rtsp_bad_answer', `redirected to a URL that ${address.fault}`);
  return address;
}
