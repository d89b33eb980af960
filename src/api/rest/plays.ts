import { z } from 'zod';
import type { PlayRecord } from '../../stream/index.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { closeSignal } from '../http/close-signal.ts';
import { whepUrl } from '../public-address.ts';
import { idSchema, wholeNumber } from '../schemas/common.ts';
import { playRequestSchema, playSchema, playTicketSchema } from '../schemas/play.ts';
import { unknownViewer } from '../srs/whep.ts';
import { requireDevice } from './devices.ts';
import { TRACE_TYPES, traceQuerySchema, traceSchema } from '../schemas/trace.ts';
import type { Routes } from './route.ts';
import { sendTrace, traceFilter } from './trace.ts';

const playParams = z.object({ playId: idSchema });
const viewerParams = z.object({ viewerId: z.string().min(1).max(128) });
const tag = 'plays';

/** Opening, and the evidence of what came of it. */
export function addPlayRoutes(routes: Routes, { parts, options, gate, tokens, publicAddress }: ApiContext): void {
  const { platform, streams } = parts;
  const requirePlay = (playId: string): PlayRecord => {
    const play = streams.play(playId);
    if (play === undefined) throw new ApiError('play_unknown', `no play ${playId}`);
    return play;
  };

  routes.add({
    method: 'post',
    path: '/api/v1/plays',
    tag,
    summary: "Open a channel's live stream; answers when the picture is known or has failed",
    access: 'admin',
    body: playRequestSchema,
    status: 201,
    response: playTicketSchema,
    errors: [400, 404, 409, 413, 415, 422, 502, 503, 504],
    handle: async ({ body, req, res }) => {
      requireDevice(platform, body.deviceId);
      const snapshot = await streams.open(body, closeSignal(res));
      const signed = gate.enabled ? await tokens.signPlay(snapshot.name, options.auth.playTokenTtlMs) : undefined;
      return {
        playId: snapshot.playId,
        stream: snapshot.name,
        url: publicAddress.webrtcUrl(req, snapshot.name, signed),
        whepUrl: whepUrl(snapshot.name, { token: signed?.token }),
        ...(signed === undefined ? {} : { token: signed.token, tokenExpiresAt: signed.expiresAt }),
        snapshot,
      };
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/plays',
    tag,
    summary: 'Plays, newest first',
    access: 'admin',
    query: z.object({
      deviceId: idSchema.optional(),
      channelId: idSchema.optional(),
      limit: wholeNumber(1, 500).default(50),
    }),
    status: 200,
    response: z.object({ items: z.array(playSchema) }).meta({ id: 'PlayList' }),
    errors: [400],
    handle: ({ query: { deviceId, channelId, limit } }) => ({
      items: streams.plays({
        limit,
        ...(deviceId === undefined ? {} : { deviceId }),
        ...(channelId === undefined ? {} : { channelId }),
      }),
    }),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/plays/{playId}',
    tag,
    summary: 'One play with its evidence timeline',
    access: 'admin',
    params: playParams,
    status: 200,
    response: playSchema,
    errors: [404],
    handle: ({ params }) => requirePlay(params.playId),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/plays/{playId}/sip',
    tag,
    summary: 'SIP messages of a play',
    access: 'admin',
    params: playParams,
    query: traceQuerySchema,
    status: 200,
    response: traceSchema,
    otherTypes: TRACE_TYPES,
    errors: [400, 404],
    handle: ({ params, query, req, res }) => {
      const { callIds } = requirePlay(params.playId);
      const wanted = query.callId === undefined ? callIds : callIds.filter((each) => each === query.callId);
      const entries = wanted.length === 0 ? [] : platform.trace({ ...traceFilter(query), callIds: wanted });
      return sendTrace(req, res, { entries, format: query.format, fileName: `sip-play-${params.playId}` });
    },
  });
}

/** Running streams and their viewers. */
export function addStreamRoutes(routes: Routes, { parts: { streams }, gate }: ApiContext): void {
  routes.add({
    method: 'post',
    path: '/api/v1/streams/close',
    tag: 'streams',
    summary: 'End a stream whatever its viewers',
    access: 'admin',
    body: z.strictObject({ stream: z.string().min(1).max(260) }).meta({ id: 'StreamClose' }),
    status: 200,
    response: z.object({ closed: z.literal(true) }).meta({ id: 'Closed' }),
    errors: [400, 404, 413, 415],
    handle: async ({ body: { stream } }) => {
      const name = streams.find(stream)?.name;
      if (name === undefined || !(await streams.close(name))) {
        throw new ApiError('stream_unknown', `no stream ${stream}`);
      }
      return { closed: true };
    },
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/viewers/{viewerId}',
    tag: 'streams',
    summary: 'Disconnect a viewer',
    access: 'admin',
    params: viewerParams,
    status: 204,
    errors: [404],
    handle: ({ params: { viewerId } }) => {
      if (!streams.closeViewer(viewerId)) throw unknownViewer(viewerId);
    },
  });

  routes.add({
    method: 'post',
    path: '/api/v1/viewers/{viewerId}/first-frame',
    tag: 'streams',
    summary: 'Told by the browser: the first frame is decoded (play token or administrator)',
    access: 'play',
    params: viewerParams,
    body: z.strictObject({ afterMs: z.number().min(0).max(3_600_000) }).meta({ id: 'FirstFrame' }),
    status: 204,
    errors: [400, 404, 413, 415],
    handle: async ({ params: { viewerId }, body: { afterMs }, req }) => {
      const stream = streams.list().find(({ viewers }) => viewers.some(({ id }) => id === viewerId));
      await gate.requirePlay(req, stream === undefined ? [] : [stream.name]);
      if (!streams.reportFirstFrame(viewerId, afterMs)) throw unknownViewer(viewerId);
    },
  });
}
