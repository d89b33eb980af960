import { z } from 'zod';
import { COOKIE_NAME } from '../auth/gate.ts';
import { LoginLimit } from '../auth/login-limit.ts';
import type { Access } from '../auth/tokens.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { isSecure, sourceAddress } from '../http/context.ts';
import type { Routes } from './route.ts';

const DEFAULT_FAILURES_PER_MINUTE = 10;

const loginSchema = z
  .strictObject({ username: z.string().min(1).max(128), password: z.string().min(1).max(512) })
  .meta({ id: 'Login' });

const loginResultSchema = z
  .object({ token: z.string(), expiresAt: z.number(), username: z.string() })
  .meta({ id: 'LoginResult' });

const sessionSchema = z
  .object({
    authRequired: z.boolean(),
    authenticated: z.boolean(),
    username: z.string().optional(),
    scope: z.string().optional(),
    expiresAt: z.number().optional(),
    version: z.string(),
    demo: z.boolean(),
    rooms: z
      .object({ meeting: z.string(), call: z.string() })
      .meta({ description: 'Paths of the room protocols on this port.' }),
  })
  .meta({ id: 'Session' });

const cookie = (value: string, maxAgeSec: number, secure: boolean): string =>
  `${COOKIE_NAME}=${value}; Path=/; Max-Age=${maxAgeSec}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;

/** Log in, log out, who am I. */
export function addAccessRoutes(routes: Routes, { options, parts, gate, tokens }: ApiContext): void {
  const limit = new LoginLimit(options.loginFailuresPerMinute ?? DEFAULT_FAILURES_PER_MINUTE);
  const log = parts.log.child({ part: 'login' });

  routes.add({
    method: 'post',
    path: '/api/v1/login',
    tag: 'access',
    summary: 'Log in; also sets the cookie gbrtc_token',
    access: 'open',
    body: loginSchema,
    status: 200,
    response: loginResultSchema,
    errors: [400, 401, 413, 415, 429],
    handle: async ({ body: { username, password }, req, res }) => {
      const source = sourceAddress(req);
      const waitSec = limit.retryAfterSec(source);
      if (waitSec > 0) {
        throw new ApiError('too_many_logins', `too many logins from ${source}, wait ${waitSec} s`, {
          headers: { 'Retry-After': String(waitSec) },
        });
      }
      const ok = await limit.attempt(source, () => parts.credentials.verify(username, password));
      if (!ok) {
        log.warn({ source, username }, 'login failed');
        throw new ApiError('login_failed', 'user name or password is wrong');
      }
      const { token, expiresAt } = await tokens.signAdmin(username, options.auth.tokenTtlMs);
      res.setHeader('Set-Cookie', cookie(token, Math.ceil(options.auth.tokenTtlMs / 1000), isSecure(req)));
      log.info({ source, username }, 'logged in');
      return { token, expiresAt, username };
    },
  });

  routes.add({
    method: 'post',
    path: '/api/v1/logout',
    tag: 'access',
    summary: 'Take the cookie back',
    access: 'open',
    status: 204,
    errors: [],
    handle: ({ req, res }) => void res.setHeader('Set-Cookie', cookie('', 0, isSecure(req))),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/session',
    tag: 'access',
    summary: 'Is a login needed, and who is logged in',
    access: 'open',
    status: 200,
    response: sessionSchema,
    errors: [],
    handle: ({ access }) => ({
      authRequired: gate.enabled,
      authenticated: !gate.enabled || access !== undefined,
      ...(access?.kind === 'admin' ? { username: access.username } : {}),
      ...(access === undefined
        ? {}
        : {
            scope: scopeOf(access),
            expiresAt: access.expiresAt,
          }),
      version: options.version,
      demo: options.demo,
      rooms: options.roomPaths,
    }),
  });
}

function scopeOf(access: Access): string {
  switch (access.kind) {
    case 'admin':
      return 'admin';
    case 'room':
      return `room:${access.app}/${access.room}`;
    case 'member':
      return 'member';
    case 'play':
    case 'publish':
      return `${access.kind}:${access.stream}`;
  }
}
