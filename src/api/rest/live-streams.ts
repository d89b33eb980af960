import type { Request } from 'express';
import { z } from 'zod';
import type { StreamSnapshot } from '../../stream/index.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { pageOf, paginate } from '../schemas/common.ts';
import {
  liveStreamDetailSchema,
  liveStreamQuery,
  liveStreamSchema,
  liveStreamView,
  mutedSchema,
  muteSchema,
  selectLiveStreams,
} from '../schemas/live-stream.ts';
import type { Routes } from './route.ts';

const partSchema = z.string().min(1).max(160);
const streamParams = z.object({ app: partSchema, name: partSchema });
const tag = 'streams';

/** The streams that run, of every source. */
export function addLiveStreamRoutes(routes: Routes, { parts: { streams, platform }, gate }: ApiContext): void {
  const requireStream = ({ app, name }: { app: string; name: string }): StreamSnapshot => {
    const stream = streams.find(`${app}/${name}`);
    if (stream === undefined) throw new ApiError('stream_unknown', `no stream ${app}/${name}`);
    return stream;
  };
  /** A publication belongs to whoever may publish it; a camera to the administrator. */
  const requireOwner = async (req: Request, { app, name }: { app: string; name: string }): Promise<StreamSnapshot> => {
    const stream = streams.find(`${app}/${name}`);
    if (stream?.source === 'publication') await gate.requirePublish(req, stream.name);
    else await gate.requireAdmin(req);
    return requireStream({ app, name });
  };

  routes.add({
    method: 'get',
    path: '/api/v1/live-streams',
    tag,
    summary: 'Running streams of cameras, browsers and RTSP, by name, title or address',
    access: 'admin',
    query: liveStreamQuery,
    status: 200,
    response: pageOf(liveStreamSchema, 'LiveStreamPage'),
    errors: [400],
    handle: ({ query }) => {
      const views = streams.list().map((stream) => liveStreamView(stream, platform));
      return paginate(selectLiveStreams(views, query), query);
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/live-streams/{app}/{name}',
    tag,
    summary: 'One running stream with its viewers',
    access: 'admin',
    params: streamParams,
    status: 200,
    response: liveStreamDetailSchema,
    errors: [400, 404],
    handle: ({ params }) => {
      const stream = requireStream(params);
      return { ...liveStreamView(stream, platform), viewers: stream.viewers, readers: stream.readers };
    },
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/live-streams/{app}/{name}',
    tag,
    summary: 'End a stream whatever its viewers (administrator, or the publish token of a publication)',
    access: 'play',
    params: streamParams,
    status: 204,
    errors: [400, 404],
    handle: async ({ params, req }) => {
      const { name } = await requireOwner(req, params);
      await streams.close(name);
    },
  });

  routes.add({
    method: 'post',
    path: '/api/v1/live-streams/{app}/{name}/mute',
    tag,
    summary: "Hold a publication's picture or sound back from everybody (administrator, or its publish token)",
    access: 'play',
    params: streamParams,
    body: muteSchema,
    status: 200,
    response: mutedSchema,
    errors: [400, 404, 409, 413, 415],
    handle: async ({ params, body: { video, audio }, req }) => {
      const { name, publisher } = await requireOwner(req, params);
      if (publisher === undefined) throw new ApiError('not_a_publication', `${name} is a camera's stream`);
      const change = { ...(video === undefined ? {} : { video }), ...(audio === undefined ? {} : { audio }) };
      const muted = await streams.mute(publisher.id, change);
      if (muted === undefined) throw new ApiError('stream_unknown', `${name} has ended meanwhile`);
      return muted;
    },
  });
}
