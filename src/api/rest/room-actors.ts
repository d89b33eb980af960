import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { closeSignal } from '../http/close-signal.ts';
import type { ApiRoomActors } from '../room-actors.ts';
import { idSchema } from '../schemas/common.ts';
import type { Routes } from './route.ts';

const endpointSchema = z.string().min(1).max(128);
const roomParams = z.object({ app: z.string().min(1).max(128), channel: z.string().min(1).max(128) });
const cameraParams = roomParams.extend({ endpoint: endpointSchema });
const tag = 'rooms';

const placeCameraSchema = z
  .strictObject({
    deviceId: idSchema,
    channelId: idSchema,
    subStream: z.int().min(0).max(9).default(0),
    endpoint: endpointSchema.optional(),
  })
  .meta({ id: 'PlaceCamera' });

const cameraSchema = z
  .object({
    app: z.string(),
    channel: z.string(),
    endpoint: z.string(),
    deviceId: z.string(),
    channelId: z.string(),
    streamId: z.string(),
  })
  .meta({ id: 'RoomCamera', description: 'A GB/T 28181 channel as a member of a room.' });

const takerSchema = z
  .object({
    app: z.string(),
    channel: z.string(),
    endpoint: z.string(),
    role: z.enum(['recorder', 'relayer']),
    url: z.string().optional(),
    streams: z.array(
      z.object({
        streamId: z.string(),
        endpoint: z.string(),
        state: z.enum(['starting', 'running', 'failed', 'ended']),
        recordingId: z.string().optional(),
        url: z.string().optional(),
        failure: z.object({ code: z.string(), message: z.string() }).optional(),
      }),
    ),
  })
  .meta({ id: 'RoomTaker', description: 'The recorder or relayer of a room, with what has become of each stream.' });

/** Cameras, recorders and relayers in rooms. */
export function addRoomActorRoutes(routes: Routes, { parts }: ApiContext): void {
  const { roomActors } = parts;
  if (roomActors === undefined) return;
  addCameraRoutes(routes, roomActors);
  addTakerRoutes(routes, roomActors, {
    role: 'recorder',
    summary: 'Record every stream of a room, each into a recording of its own, until it is stopped or all have left',
    body: z
      .strictObject({ endpoint: endpointSchema.optional(), segmentMinutes: z.int().min(1).max(1440).optional() })
      .meta({ id: 'StartRecorder' }),
    start: (room, { endpoint, segmentMinutes }) =>
      roomActors.startRecorder({
        ...room,
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(segmentMinutes === undefined ? {} : { segmentMinutes }),
      }),
  });
  addTakerRoutes(routes, roomActors, {
    role: 'relayer',
    summary:
      'Push every stream of a room to an RTSP server, to `<url>/<stream_id>` without `live/`, until it is stopped or all have left',
    body: z
      .strictObject({ endpoint: endpointSchema.optional(), url: z.string().min(8).max(2048) })
      .meta({ id: 'StartRelayer' }),
    start: (room, { endpoint, url }) =>
      roomActors.startRelayer({ ...room, url, ...(endpoint === undefined ? {} : { endpoint }) }),
  });
}

function addCameraRoutes(routes: Routes, roomActors: ApiRoomActors): void {
  routes.add({
    method: 'post',
    path: '/api/v1/rooms/{app}/{channel}/cameras',
    tag,
    summary: 'Place a channel into a room as a member; answers when its picture is known or has failed',
    access: 'admin',
    params: roomParams,
    body: placeCameraSchema,
    status: 201,
    response: cameraSchema,
    errors: [400, 404, 409, 413, 415, 422, 502, 503, 504],
    handle: ({ params, body: { endpoint, ...channel }, res }) =>
      roomActors.placeCamera(
        { ...params, ...channel, ...(endpoint === undefined ? {} : { endpoint }) },
        closeSignal(res),
      ),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/rooms/{app}/{channel}/cameras',
    tag,
    summary: 'Cameras of a room',
    access: 'admin',
    params: roomParams,
    status: 200,
    response: z.object({ items: z.array(cameraSchema) }).meta({ id: 'RoomCameraList' }),
    errors: [400],
    handle: ({ params }) => ({ items: roomActors.cameras(params) }),
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/rooms/{app}/{channel}/cameras/{endpoint}',
    tag,
    summary: 'Take a camera out of a room',
    access: 'admin',
    params: cameraParams,
    status: 204,
    errors: [400, 404],
    handle: ({ params: { endpoint, ...room } }) => {
      if (!roomActors.removeCamera(room, endpoint)) {
        throw new ApiError('member_unknown', `no camera ${endpoint} in ${room.app}/${room.channel}`);
      }
    },
  });
}

interface TakerKind<T> {
  readonly role: 'recorder' | 'relayer';
  readonly summary: string;
  readonly body: z.ZodType<T>;
  readonly start: (room: z.infer<typeof roomParams>, body: T) => ReturnType<ApiRoomActors['startRecorder']>;
}

function addTakerRoutes<T>(
  routes: Routes,
  roomActors: ApiRoomActors,
  { role, summary, body, start }: TakerKind<T>,
): void {
  const path = `/api/v1/rooms/{app}/{channel}/${role}`;
  const unknown = ({ app, channel }: z.infer<typeof roomParams>): ApiError =>
    new ApiError('member_unknown', `no ${role} in ${app}/${channel}`);

  routes.add({
    method: 'post',
    path,
    tag,
    summary,
    access: 'admin',
    params: roomParams,
    body,
    status: 201,
    response: takerSchema,
    errors: [400, 409, 413, 415, 503],
    handle: ({ params, body: asked }) => start(params, asked),
  });

  routes.add({
    method: 'get',
    path,
    tag,
    summary: `The ${role} of a room and what has become of each stream`,
    access: 'admin',
    params: roomParams,
    status: 200,
    response: takerSchema,
    errors: [400, 404],
    handle: ({ params }) => {
      const view = roomActors.taker(params, role);
      if (view === undefined) throw unknown(params);
      return view;
    },
  });

  routes.add({
    method: 'delete',
    path,
    tag,
    summary: `Stop the ${role} of a room; answers when all of it is finished`,
    access: 'admin',
    params: roomParams,
    status: 204,
    errors: [400, 404],
    handle: async ({ params }) => {
      if (!(await roomActors.stopTaker(params, role))) throw unknown(params);
    },
  });
}
