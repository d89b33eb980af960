import { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import type { Access } from '../auth/tokens.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { parseJson, readText, textOf, validate } from '../http/body.ts';
import { problemResponses } from '../schemas/common.ts';

/** What a handler of a route gets; its input is checked already. */
export interface RouteInput<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly req: Request;
  readonly res: Response;
  readonly access: Access | undefined;
}

/** One route: the server checks by it and OpenAPI shows it, so that the two cannot differ. */
export interface Route<P, Q, B> {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** OpenAPI's form, `/api/v1/devices/{deviceId}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /**
   * `play`: any valid token, the handler checks its stream. `node`: also media nodes. `open`: anybody; a token, if
   * there, is still told.
   */
  readonly access: 'admin' | 'play' | 'node' | 'open';
  readonly params?: z.ZodObject & z.ZodType<P>;
  readonly query?: z.ZodObject & z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
  readonly status: 200 | 201 | 202 | 204;
  /** Absent with 204, and where the handler writes the response itself. */
  readonly response?: z.ZodType;
  /** Media types besides JSON that the handler may write. */
  readonly otherTypes?: readonly string[];
  /** Answers `Range` and `If-None-Match`, too (RFC 9110 §13, §14). */
  readonly ranges?: boolean;
  readonly errors: readonly number[];
  /** Gives the response's JSON, or `undefined` where it has answered itself. */
  handle(input: RouteInput<P, Q, B>): unknown;
}

const JSON_TYPES = /^application\/(?:[a-z0-9.+-]+\+)?json$/;

function requireJson(req: Request): void {
  const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!JSON_TYPES.test(type)) {
    throw new ApiError(
      'media_type_unsupported',
      `Content-Type is ${type === '' ? 'missing' : type}, application/json expected`,
    );
  }
}

/** Collects routes: into Express, and into the registry that OpenAPI is written from. */
export class Routes {
  readonly router: Router = Router();
  readonly registry = new OpenAPIRegistry();
  readonly #context: ApiContext;
  readonly #methods = new Map<string, Set<string>>();

  constructor(context: ApiContext) {
    this.#context = context;
  }

  add<P = unknown, Q = unknown, B = unknown>(route: Route<P, Q, B>): void {
    const path = route.path.replace(/\{(\w+)\}/g, ':$1');
    const methods = this.#methods.get(path) ?? new Set();
    this.#methods.set(path, methods.add(route.method.toUpperCase()));
    this.#document(route);
    if (route.body === undefined) this.router[route.method](path, this.#handler(route));
    else this.router[route.method](path, readText(), this.#handler(route));
  }

  /** Answers other methods on known paths with 405; to be called after the last `add`. */
  refuseOthers(): void {
    for (const [path, methods] of this.#methods) {
      const allow = [...methods].join(', ');
      this.router.all(path, (req) => {
        throw new ApiError('method_not_allowed', `${req.method} is not possible here`, { headers: { Allow: allow } });
      });
    }
  }

  #handler<P, Q, B>(route: Route<P, Q, B>): RequestHandler {
    const { gate } = this.#context;
    return async (req, res) => {
      const access = await gate.require(req, route.access);
      const params = checked(route.params, req.params, 'path');
      const query = checked(route.query, req.query, 'query');
      if (route.body !== undefined) requireJson(req);
      const body = route.body === undefined ? undefined : validate(route.body, parseJson(textOf(req.body)), 'body');
      const result = await route.handle({ params, query, body: body as B, req, res, access });
      if (res.headersSent) return;
      res.setHeader('Cache-Control', 'no-store');
      if (route.status === 204) res.status(204).end();
      else res.status(route.status).json(result);
    };
  }

  #document<P, Q, B>(route: Route<P, Q, B>): void {
    const content = Object.fromEntries([
      ...(route.response === undefined ? [] : [['application/json', { schema: route.response }]]),
      ...(route.otherTypes ?? []).map((type) => [type, { schema: { type: 'string' } }]),
    ]);
    const statuses = new Set([
      ...route.errors,
      // Where its encoding is broken.
      ...(route.path.includes('{') ? [400] : []),
      ...(route.access === 'open' ? [] : [401]),
      // Without authentication: for pages of other hosts.
      403,
      500,
    ]);
    this.registry.registerPath({
      method: route.method,
      path: route.path,
      tags: [route.tag],
      summary: route.summary,
      operationId: operationId(route.method, route.path),
      security: route.access === 'open' ? [] : [{ bearer: [] }, { query: [] }, { cookie: [] }],
      request: {
        ...(route.params === undefined ? {} : { params: route.params }),
        ...(route.query === undefined ? {} : { query: route.query }),
        ...(route.body === undefined
          ? {}
          : { body: { required: true, content: { 'application/json': { schema: route.body } } } }),
      },
      responses: {
        [route.status]: { description: 'Success', ...(Object.keys(content).length === 0 ? {} : { content }) },
        ...(route.ranges === true
          ? { 206: { description: 'A part', content }, 304: { description: 'Known already' } }
          : {}),
        ...problemResponses(statuses),
      },
    });
  }
}

function checked<T>(schema: z.ZodType<T> | undefined, value: unknown, where: string): T {
  return schema === undefined ? (undefined as T) : validate(schema, value, where);
}

/** `get /api/v1/devices/{deviceId}` → `getDevicesByDeviceId`. */
export function operationId(method: string, path: string): string {
  const words = path
    .replace(/^\/api\/v1\//, '')
    .split(/[/.-]/)
    .filter((word) => word !== '')
    .map((word) => (word.startsWith('{') ? `By${capital(word.slice(1, -1))}` : capital(word)));
  return method + words.join('');
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
