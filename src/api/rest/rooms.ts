import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { pageOf, pageQuery, paginate } from '../schemas/common.ts';
import { mediaNodeSchema, newMediaNodeSchema, roomSchema, roomSummarySchema } from '../schemas/room.ts';
import type { Routes } from './route.ts';

const name = z.string().min(1).max(128);
const roomParams = z.object({ app: name, channel: name });
const tag = 'rooms';

/** Rooms of the MeetingServer and who is in them. */
export function addRoomRoutes(routes: Routes, { parts: { rooms } }: ApiContext): void {
  routes.add({
    method: 'get',
    path: '/api/v1/rooms',
    tag,
    summary: 'Rooms of all apps, by app and channel',
    access: 'admin',
    query: z.object({ ...pageQuery, app: name.optional() }),
    status: 200,
    response: pageOf(roomSummarySchema, 'RoomPage'),
    errors: [400],
    handle: ({ query }) => {
      const text = query.search.toLowerCase();
      const found = rooms
        .list()
        .filter(({ app, channel }) => (query.app ?? app) === app && channel.toLowerCase().includes(text));
      return paginate(found, query);
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/rooms/{app}/{channel}',
    tag,
    summary: 'One room with its members and their streams',
    access: 'admin',
    params: roomParams,
    status: 200,
    response: roomSchema,
    errors: [400, 404],
    handle: ({ params: { app, channel } }) => {
      const room = rooms.get(app, channel);
      if (room === undefined) throw new ApiError('room_unknown', `no room ${channel} of ${app}`);
      return room;
    },
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/rooms/{app}/{channel}/members/{endpoint}',
    tag,
    summary: 'Put a member out: its connection and its streams end',
    access: 'admin',
    params: roomParams.extend({ endpoint: name }),
    status: 204,
    errors: [400, 404],
    handle: ({ params: { app, channel, endpoint } }) => {
      if (!rooms.kick(app, channel, endpoint)) {
        throw new ApiError('member_unknown', `no member ${endpoint} in ${channel} of ${app}`);
      }
    },
  });
}

/** Media servers that members of rooms are sent to instead of this gateway. */
export function addMediaNodeRoutes(routes: Routes, { parts: { rooms } }: ApiContext): void {
  routes.add({
    method: 'post',
    path: '/api/v1/media-nodes',
    tag,
    summary: 'Heartbeat of a media node, every few seconds (meeting.node-token or administrator)',
    access: 'node',
    body: newMediaNodeSchema,
    status: 200,
    response: mediaNodeSchema,
    errors: [400, 413, 415, 429, 503],
    handle: ({ body }) => rooms.heartbeat(body),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/media-nodes',
    tag,
    summary: 'Media nodes by id, also dead ones',
    access: 'admin',
    status: 200,
    response: z.object({ items: z.array(mediaNodeSchema) }).meta({ id: 'MediaNodeList' }),
    errors: [],
    handle: () => ({ items: rooms.nodes() }),
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/media-nodes/{id}',
    tag,
    summary: 'Send nobody to this node any more, until its next heartbeat (meeting.node-token or administrator)',
    access: 'node',
    params: z.object({ id: name }),
    status: 204,
    errors: [400, 404, 429],
    handle: ({ params: { id } }) => {
      if (!rooms.removeNode(id)) throw new ApiError('media_node_unknown', `no media node ${id}`);
    },
  });
}
