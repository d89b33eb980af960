import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ConnectionShares,
  errorMessage,
  GatewayError,
  HttpClients,
  Refusals,
  shareRequests,
  type Logger,
} from '../util/index.ts';
import { handlePost, isLocation, SourceRates, type HttpReply, type PostRoute } from '../websocket/index.ts';
import { failure, overBound, success, type PmsReply } from './envelope.ts';
import { PmsError, PmsListenError } from './errors.ts';
import { NOBODY, parseMessage } from './messages.ts';
import { RecordControl, type RecordControlParts } from './record-control.ts';
import type { RecordCommandOptions, RecordCommands } from './types.ts';

const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 30_000 };
/** Half-open ones among them; each holds a file descriptor for the time of its headers at most. */
const MAX_CONNECTIONS = 500;
const DEFAULT_MAX_CONNECTIONS_PER_SOURCE = 125;
const TELL_REFUSED_MS = 15_000;
/** A command has a few hundred. */
const MAX_PAYLOAD_BYTES = 65_536;

/** Reply of this port: the envelope without what belongs to sessions. */
type CommandReply = Pick<PmsReply, 'version' | 'err' | 'err_msg' | 'data'>;

const reply = ({ version, err, err_msg, data }: PmsReply): CommandReply => ({ version, err, err_msg, data });
const refusal = (error: unknown): CommandReply => reply(failure(NOBODY, error));
const httpReply = (body: CommandReply): HttpReply => ({ body: JSON.stringify(body) });

class RecordServer implements RecordCommands {
  readonly #options: RecordCommandOptions;
  readonly #control: RecordControl;
  readonly #rates: SourceRates;
  readonly #clients: HttpClients;
  /** The bounds of connections and of one message are bound enough. */
  readonly #memory = new ConnectionShares({});
  readonly #log: Logger;
  readonly #server: Server;
  readonly #refused = new Refusals({ too_many_connections: 0, too_many_of_source: 0 });
  readonly #telling: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  constructor(options: RecordCommandOptions, parts: RecordControlParts) {
    this.#options = options;
    this.#control = new RecordControl(parts);
    this.#rates = new SourceRates(options.messageRate);
    this.#clients = new HttpClients(options.trustedProxies ?? []);
    this.#log = parts.log;
    this.#server = createServer(TIMEOUTS, (request, response) => this.#handle(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    shareRequests(this.#server, {
      perSource: options.maxConnectionsPerSource ?? DEFAULT_MAX_CONNECTIONS_PER_SOURCE,
      isProxy: (address) => this.#clients.isProxy(address),
      onRefused: (reason) => this.#refused.count(reason),
    });
    this.#telling = setInterval(() => this.#tellRefused(), TELL_REFUSED_MS).unref();
  }

  get address(): { address: string; port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { address, port };
  }

  /** @throws PmsListenError */
  async open(): Promise<void> {
    const { address, port } = this.#options;
    try {
      this.#server.listen(port, address);
      await once(this.#server, 'listening');
      // Of single connections that could not be accepted, e.g. without descriptors.
      this.#server.on('error', (error) => this.#log.warn({ error: errorMessage(error) }, 'connection failed'));
    } catch (cause) {
      throw new PmsListenError(`TCP port ${port} of ${address} cannot be opened: ${errorMessage(cause)}`, { cause });
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #tellRefused(): void {
    this.#refused.tell(this.#log, 'connections of record commands refused');
  }

  async #close(): Promise<void> {
    clearInterval(this.#telling);
    this.#tellRefused();
    if (!this.#server.listening) return;
    const ended = once(this.#server, 'close');
    this.#server.close();
    // A reply that is on its way may still arrive.
    setTimeout(() => this.#server.closeAllConnections(), 200).unref();
    await ended;
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'POST' && request.method !== 'OPTIONS') {
      response.writeHead(405, { Allow: 'POST, OPTIONS' }).end();
      return;
    }
    if (!isLocation(request, '/')) {
      response.writeHead(404, { 'Access-Control-Allow-Origin': '*' }).end();
      return;
    }
    const { messageRate, allowPages } = this.#options;
    const page = request.headers.origin !== undefined && !allowPages;
    const route: PostRoute = {
      location: '/',
      maxPayloadBytes: MAX_PAYLOAD_BYTES,
      messageRate,
      // Without tokens any page that somebody opens could record, as a form post needs no permission.
      handle: async (text, { token }) =>
        httpReply(
          page
            ? refusal(new PmsError('not_allowed', 'not allowed: pages of browsers cannot use this port'))
            : await this.#answer(text, token),
        ),
      refuse: (reason, bound) => httpReply(reply(overBound(reason, bound))),
    };
    const parts = { rates: this.#rates, clients: this.#clients, memory: this.#memory };
    handlePost(request, response, { route, ...parts }).catch((error: unknown) => {
      this.#log.debug({ error: errorMessage(error) }, 'request was not finished');
      response.destroy();
    });
  }

  async #answer(text: string, token: string | undefined): Promise<CommandReply> {
    const parsed = parseMessage(text);
    if ('error' in parsed) return reply(failure(parsed.echo, parsed.error));
    const { echo, request } = parsed;
    try {
      switch (request.method) {
        case 'record.start':
          return reply(success(echo, '', { ...(await this.#control.start(request, token)) }));
        case 'record.stop':
          return reply(success(echo, '', { ...(await this.#control.stop(request, token)) }));
        default:
          throw new PmsError('method_unknown', `Unknown method[${request.method}]`);
      }
    } catch (error) {
      if (!(error instanceof GatewayError)) this.#log.error({ method: echo.method, error }, 'record command failed');
      return reply(failure(echo, error));
    }
  }
}

/** Opens the port of `record.start` and `record.stop`. @throws PmsListenError (`pms_listen_failed`) */
export async function createRecordCommands(
  options: RecordCommandOptions,
  parts: RecordControlParts,
): Promise<RecordCommands> {
  const server = new RecordServer(options, parts);
  await server.open();
  return server;
}
