import { z } from 'zod';
import { COOKIE_NAME } from '../auth/gate.ts';
import { LoginLimit } from '../auth/login-limit.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { sourceAddress } from '../http/context.ts';
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
  })
  .meta({ id: 'Session' });

const tokenRequestSchema = z
  .strictObject({
    scope: z.enum(['play', 'publish']),
    stream: z.string().regex(/^[^/\\?#%\s]{1,160}(?:\/[^/\\?#%\s]{1,160})?$/, 'must be <app>/<name> or <name>'),
    lifetimeSec: z
      .int()
      .min(10)
      .max(30 * 86_400)
      .optional(),
  })
  .meta({ id: 'StreamTokenRequest' });

const streamTokenSchema = z
  .object({ token: z.string(), expiresAt: z.number(), scope: z.string() })
  .meta({ id: 'StreamToken', description: 'For one stream: to play it, or to publish it.' });

const cookie = (value: string, maxAgeSec: number): string =>
  `${COOKIE_NAME}=${value}; Path=/; Max-Age=${maxAgeSec}; HttpOnly; SameSite=Strict`;

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
      res.setHeader('Set-Cookie', cookie(token, Math.ceil(options.auth.tokenTtlMs / 1000)));
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
    handle: ({ res }) => void res.setHeader('Set-Cookie', cookie('', 0)),
  });

  routes.add({
    method: 'post',
    path: '/api/v1/tokens',
    tag: 'access',
    summary: 'A token that plays or publishes one stream, for WHEP, WHIP and pms',
    access: 'admin',
    body: tokenRequestSchema,
    status: 201,
    response: streamTokenSchema,
    errors: [400, 413, 415],
    handle: async ({ body: { scope, stream, lifetimeSec } }) => {
      const name = stream.includes('/') ? stream : `live/${stream}`;
      const ttlMs = lifetimeSec === undefined ? options.auth.playTokenTtlMs : lifetimeSec * 1000;
      const signed = await (scope === 'play' ? tokens.signPlay(name, ttlMs) : tokens.signPublish(name, ttlMs));
      return { ...signed, scope: `${scope}:${name}` };
    },
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
            scope: access.kind === 'admin' ? 'admin' : `${access.kind}:${access.stream}`,
            expiresAt: access.expiresAt,
          }),
      version: options.version,
      demo: options.demo,
    }),
  });
}
