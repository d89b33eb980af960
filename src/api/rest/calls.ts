import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { callRoomSchema } from '../schemas/call.ts';
import { iceServerSchema } from '../schemas/ice-server.ts';
import { pageOf, pageQuery, paginate } from '../schemas/common.ts';
import type { Routes } from './route.ts';

/** More is not looked through for one page. */
const MAX_ROOMS = 20_000;

/** Running rooms of the RoomServer with who is in them, and the ICE servers that they are given. */
export function addCallRoutes(routes: Routes, { parts: { calls, iceServers } }: ApiContext): void {
  routes.add({
    method: 'get',
    path: '/api/v1/calls',
    tag: 'calls',
    summary: 'Running rooms of calls between browsers, oldest first; search finds room and user',
    access: 'admin',
    query: z.object({ ...pageQuery, appId: z.string().min(1).max(64).optional() }),
    status: 200,
    response: pageOf(callRoomSchema, 'CallRoomPage'),
    errors: [400],
    handle: ({ query }) => {
      const text = query.search.toLowerCase();
      const found = calls
        .rooms(MAX_ROOMS)
        .filter(
          ({ appId, roomId, roomName, users }) =>
            (query.appId ?? appId) === appId &&
            [roomId, roomName, ...users.flatMap(({ uid, uname }) => [uid, uname])].some((name) =>
              name.toLowerCase().includes(text),
            ),
        );
      return paginate(found, query);
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/ice-servers',
    tag: 'calls',
    summary: 'STUN and TURN servers that calls are given, with their load',
    access: 'admin',
    status: 200,
    response: z.object({ items: z.array(iceServerSchema) }).meta({ id: 'IceServerList' }),
    errors: [],
    handle: () => ({
      items: iceServers
        .servers()
        .map(({ heardAt, ...server }) => ({ ...server, ...(heardAt === undefined ? {} : { heardAt }) })),
    }),
  });
}
