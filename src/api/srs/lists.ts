import type { Request, RequestHandler } from 'express';
import type { ApiContext } from '../context.ts';
import { queryValue } from '../http/context.ts';
import { type SrsIdentity, sendSrs } from './envelope.ts';
import { clientViews, streamView } from './views.ts';

/** SRS's codes of an id that is not there. */
const STREAM_NOT_FOUND = 2048;
const CLIENT_NOT_FOUND = 2049;

/** SRS's `start` and `count`; without `count` all, because its console asks without and shows what comes. */
function pageOf<T>(req: Request, items: readonly T[]): T[] {
  const number = (name: string): number | undefined => {
    const value = queryValue(req, name);
    return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  };
  const start = number('start') ?? 0;
  const count = number('count');
  return items.slice(start, count === undefined || count === 0 ? undefined : start + count);
}

/** GET /api/v1/versions */
export function srsVersions(version: string, identity: SrsIdentity): RequestHandler {
  const [major = 0, minor = 0, revision = 0] = version.split(/[.+-]/).map((part) => Number.parseInt(part, 10) || 0);
  return (_req, res) => sendSrs(res, identity, 0, { data: { major, minor, revision, version } });
}

/** The lists that SRS's and srs-sip's consoles show; for the administrator. */
export class SrsLists {
  readonly #context: ApiContext;
  readonly #identity: SrsIdentity;

  constructor(context: ApiContext, identity: SrsIdentity) {
    this.#context = context;
    this.#identity = identity;
  }

  /** GET /api/v1/streams/ */
  readonly streams: RequestHandler = async (req, res) => {
    await this.#context.gate.requireAdmin(req);
    const host = this.#context.publicAddress.host(req);
    const now = Date.now();
    const streams = pageOf(req, this.#context.parts.streams.list()).map((stream) => streamView(stream, host, now));
    sendSrs(res, this.#identity, 0, { streams });
  };

  /** GET /api/v1/streams/{id} */
  readonly stream: RequestHandler = async (req, res) => {
    await this.#context.gate.requireAdmin(req);
    const found = this.#context.parts.streams.list().find(({ playId }) => playId === req.params['id']);
    if (found === undefined) return sendSrs(res.status(404), this.#identity, STREAM_NOT_FOUND, {});
    const host = this.#context.publicAddress.host(req);
    return sendSrs(res, this.#identity, 0, { stream: streamView(found, host, Date.now()) });
  };

  /** GET /api/v1/clients/ */
  readonly clients: RequestHandler = async (req, res) => {
    await this.#context.gate.requireAdmin(req);
    const clients = this.#clients(req);
    sendSrs(res, this.#identity, 0, { clients: pageOf(req, clients) });
  };

  /** GET /api/v1/clients/{id} */
  readonly client: RequestHandler = async (req, res) => {
    await this.#context.gate.requireAdmin(req);
    const client = this.#clients(req).find(({ id }) => id === req.params['id']);
    if (client === undefined) return sendSrs(res.status(404), this.#identity, CLIENT_NOT_FOUND, {});
    return sendSrs(res, this.#identity, 0, { client });
  };

  /** DELETE /api/v1/clients/{id}, and POST …/kick as srs-sip's console spells it. */
  readonly kick: RequestHandler = async (req, res) => {
    await this.#context.gate.requireAdmin(req);
    const { streams } = this.#context.parts;
    const id = String(req.params['id']);
    const closed = streams.closeViewer(id) || streams.closePublication(id);
    sendSrs(closed ? res : res.status(404), this.#identity, closed ? 0 : CLIENT_NOT_FOUND, {});
  };

  #clients(req: Request): Record<string, unknown>[] {
    const host = this.#context.publicAddress.host(req);
    const now = Date.now();
    return this.#context.parts.streams.list().flatMap((stream) => clientViews(stream, host, now));
  }
}
