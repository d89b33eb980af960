import { z } from 'zod';
import { roomRightSchema, type SignedToken } from '../auth/tokens.ts';
import type { ApiContext } from '../context.ts';
import { validate } from '../http/body.ts';
import type { Routes } from './route.ts';

const DEFAULT_RIGHTS = ['join', 'publish', 'broadcast'] as const;

const lifetime = z
  .int()
  .min(10)
  .max(30 * 86_400)
  .optional();
const name = z.string().regex(/^\P{C}{1,128}$/u, 'must be 1 to 128 characters, no control characters');
const stream = z.string().regex(/^[^/\\?#%\s]{1,160}(?:\/[^/\\?#%\s]{1,160})?$/, 'must be <app>/<name> or <name>');

const streamScope = (scope: 'play' | 'publish') =>
  z.strictObject({ scope: z.literal(scope), stream, lifetimeSec: lifetime });

const roomFields = {
  scope: z.literal('room'),
  app: name,
  room: name.meta({ description: 'Channel of the MeetingServer, roomId of the RoomServer; * = every one of the app' }),
  user: name.default('*').meta({ description: 'Endpoint, or uid; * = whichever the bearer says' }),
};
const roomScope = z.strictObject({
  ...roomFields,
  rights: z
    .array(roomRightSchema)
    .min(1)
    .default([...DEFAULT_RIGHTS]),
  lifetimeSec: lifetime,
});

const tokenRequestSchema = z
  .discriminatedUnion('scope', [streamScope('play'), streamScope('publish'), roomScope])
  .meta({ id: 'TokenRequest' });
type TokenRequest = z.infer<typeof tokenRequestSchema>;

const queryLifetime = z.coerce.number().pipe(lifetime.unwrap()).optional();
const tokenQuerySchema = z.object({
  scope: z.enum(['play', 'publish', 'room']),
  stream: stream.optional().meta({ description: 'Of the scopes play and publish' }),
  app: name.optional().meta({ description: 'Of the scope room, as the next three' }),
  room: name.optional(),
  user: name.optional(),
  rights: z.string().max(128).optional().meta({ description: 'Separated by commas, e.g. join,publish,broadcast' }),
  lifetimeSec: queryLifetime,
});

const tokenSchema = z
  .object({ token: z.string(), expiresAt: z.number(), scope: z.string() })
  .meta({ id: 'IssuedToken', description: 'For one stream, to play or to publish it, or for a room.' });

/** Tokens for others: players, publishers, members of rooms. */
export function addTokenRoutes(routes: Routes, { options, tokens }: ApiContext): void {
  const issue = async (request: TokenRequest): Promise<SignedToken & { scope: string }> => {
    const ttlMs = request.lifetimeSec === undefined ? options.auth.playTokenTtlMs : request.lifetimeSec * 1000;
    if (request.scope === 'room') {
      const scope = `room:${request.app}/${request.room}`;
      return { ...(await tokens.signRoom(request, ttlMs)), scope };
    }
    const full = request.stream.includes('/') ? request.stream : `live/${request.stream}`;
    const signed = await (request.scope === 'play' ? tokens.signPlay(full, ttlMs) : tokens.signPublish(full, ttlMs));
    return { ...signed, scope: `${request.scope}:${full}` };
  };

  routes.add({
    method: 'post',
    path: '/api/v1/tokens',
    tag: 'access',
    summary: 'A token that plays or publishes one stream (WHEP, WHIP, pms), or that enters a room',
    access: 'admin',
    body: tokenRequestSchema,
    status: 201,
    response: tokenSchema,
    errors: [400, 413, 415],
    handle: ({ body }) => issue(body),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/tokens',
    tag: 'access',
    summary: 'The same for back ends that can only GET',
    access: 'admin',
    query: tokenQuerySchema,
    status: 200,
    response: tokenSchema,
    errors: [400],
    handle: ({ query: { rights, ...query } }) => {
      const list = rights === undefined ? {} : { rights: rights.split(',') };
      return issue(validate(tokenRequestSchema, { ...query, ...list }, 'query'));
    },
  });
}
