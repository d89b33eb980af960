import type { Request } from 'express';
import { ApiError } from '../errors.ts';
import { hostOf, pageHost, queryValue, sourceAddress } from '../http/context.ts';
import type { NodeAccess } from './node-access.ts';
import type { MemberStreams } from './stream-rights.ts';
import type { Access, Tokens } from './tokens.ts';

export const COOKIE_NAME = 'gbrtc_token';

function bearerOf(req: Request): string | undefined {
  const match = /^Bearer +([^\s]+)\s*$/i.exec(req.headers.authorization ?? '');
  return match?.[1];
}

/**
 * A cookie counts only for pages of our own host: SameSite=Strict lets other ports of the same host through,
 * an Origin of another host is refused here.
 */
function cookieOf(req: Request): string | undefined {
  const page = pageHost(req);
  if (page !== undefined && (page === '' || page !== hostOf(req)?.hostname)) return undefined;
  const pair = (req.headers.cookie ?? '').split(';').find((part) => part.trim().startsWith(`${COOKIE_NAME}=`));
  return pair?.trim().slice(COOKIE_NAME.length + 1);
}

/** Decides who may do what; with authentication off everybody is the administrator. */
export class Gate {
  readonly enabled: boolean;
  readonly #tokens: Tokens;
  readonly #members: MemberStreams | undefined;
  readonly #nodes: NodeAccess | undefined;

  /** Without `nodes` only the administrator may speak for media nodes. */
  constructor(enabled: boolean, tokens: Tokens, members?: MemberStreams, nodes?: NodeAccess) {
    this.enabled = enabled;
    this.#tokens = tokens;
    this.#members = members;
    this.#nodes = nodes;
  }

  /** First token that holds, of: Authorization, `?token=`, the extra one (SRS's `streamurl`), the cookie. */
  async identify(req: Request, extra?: string): Promise<Access | undefined> {
    for (const token of [bearerOf(req), queryValue(req, 'token'), extra, cookieOf(req)]) {
      const access = token === undefined ? undefined : await this.#tokens.verify(token);
      if (access !== undefined) return access;
    }
    return undefined;
  }

  /**
   * `play` takes any token of ours, `node` that of media nodes, `open` anything.
   * @throws ApiError `unauthorized` | `forbidden` | `too_many_logins`
   */
  async require(req: Request, scope: 'admin' | 'play' | 'node' | 'open'): Promise<Access | undefined> {
    const access = await this.identify(req);
    if (!this.enabled || scope === 'open' || access?.kind === 'admin') return access;
    if (scope === 'node' && this.#nodes?.check(bearerOf(req), sourceAddress(req)) === true) return access;
    if (scope === 'play' && access !== undefined) return access;
    throw refusal(access);
  }

  /** @throws ApiError `unauthorized` | `forbidden` */
  requireAdmin(req: Request): Promise<Access | undefined> {
    return this.require(req, 'admin');
  }

  /**
   * For the stream `<app>/<name>`: the administrator, a play token of that stream, or a member of its room, who is
   * returned. @throws ApiError
   */
  async requirePlay(req: Request, streams: readonly string[], extra?: string): Promise<string | undefined> {
    if (!this.enabled) return undefined;
    const access = await this.identify(req, extra);
    if (access?.kind === 'admin' || (access?.kind === 'play' && streams.includes(access.stream))) return undefined;
    if (access?.kind === 'member' && streams.some((name) => this.#members?.mayUse(access.member, 'play', name))) {
      return access.member;
    }
    throw refusal(access);
  }

  /** Like `requirePlay`, for who publishes; returns the member of a room that it is. @throws ApiError */
  async requirePublish(req: Request, stream: string, extra?: string): Promise<string | undefined> {
    if (!this.enabled) return undefined;
    const access = await this.identify(req, extra);
    if (access?.kind === 'admin' || (access?.kind === 'publish' && access.stream === stream)) return undefined;
    if (access?.kind === 'member' && this.#members?.mayUse(access.member, 'publish', stream) === true) {
      return access.member;
    }
    throw refusal(access);
  }
}

function refusal(access: Access | undefined): ApiError {
  return access === undefined
    ? new ApiError('unauthorized', 'a valid token is needed', {
        headers: { 'WWW-Authenticate': 'Bearer realm="gbrtc"' },
      })
    : new ApiError('forbidden', 'this token does not allow that');
}
