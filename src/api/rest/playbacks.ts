import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { closeSignal } from '../http/close-signal.ts';
import { whepUrl } from '../public-address.ts';
import { idSchema } from '../schemas/common.ts';
import {
  playbackChangeSchema,
  playbackRequestSchema,
  playbackSchema,
  playbackTicketSchema,
  rangeFault,
  recordListSchema,
  recordQuerySchema,
} from '../schemas/playback.ts';
import { requireDevice } from './devices.ts';
import type { Routes } from './route.ts';

const playbackParams = z.object({ id: z.string().min(1).max(64) });
const tag = 'playbacks';

/** What devices have recorded. */
export function addRecordRoutes(routes: Routes, { parts: { platform } }: ApiContext): void {
  routes.add({
    method: 'get',
    path: '/api/v1/devices/{deviceId}/channels/{channelId}/records',
    tag,
    summary: 'What a device has recorded of a channel, asked of the device now (RecordInfo)',
    access: 'admin',
    params: z.object({ deviceId: idSchema, channelId: idSchema }),
    query: recordQuerySchema,
    status: 200,
    response: recordListSchema,
    errors: [400, 404, 409, 502, 503, 504],
    handle: async ({ params: { deviceId, channelId }, query: { from, to, type, force, ...conditions }, res }) => {
      requireDevice(platform, deviceId);
      const fault = rangeFault({ from, to });
      if (fault !== undefined) throw new ApiError('invalid_request', fault);
      const range = { deviceId, channelId, fromMs: from, toMs: to, type };
      const forced = force === 'true' ? { force: true } : {};
      return platform.records({ ...range, ...given(conditions), ...forced }, closeSignal(res));
    },
  });
}

/** Recordings of devices, played as streams. */
export function addPlaybackRoutes(routes: Routes, context: ApiContext): void {
  const { parts, options, gate, tokens, publicAddress } = context;
  const { platform, streams } = parts;

  routes.add({
    method: 'post',
    path: '/api/v1/playbacks',
    tag,
    summary: 'Play a recording of a device; answers when the picture is known or has failed',
    access: 'admin',
    body: playbackRequestSchema,
    status: 201,
    response: playbackTicketSchema,
    errors: [400, 404, 409, 413, 415, 422, 502, 503, 504],
    handle: async ({ body: { deviceId, channelId, from, to, speed, subStream }, req, res }) => {
      requireDevice(platform, deviceId);
      const range = { deviceId, channelId, fromMs: from, toMs: to, subStream };
      const playback = await streams.playbacks.start(
        { ...range, ...(speed === undefined ? {} : { speed }) },
        closeSignal(res),
      );
      const { stream } = playback;
      const signed = gate.enabled ? await tokens.signPlay(stream, options.auth.playTokenTtlMs) : undefined;
      return {
        ...playback,
        url: publicAddress.webrtcUrl(req, stream, signed),
        whepUrl: whepUrl(stream, { token: signed?.token }),
        ...(signed === undefined ? {} : { token: signed.token, tokenExpiresAt: signed.expiresAt }),
      };
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/playbacks',
    tag,
    summary: 'Playbacks, newest first; those that ended too, for a while',
    access: 'admin',
    status: 200,
    response: z.object({ items: z.array(playbackSchema) }).meta({ id: 'PlaybackList' }),
    errors: [],
    handle: () => ({ items: streams.playbacks.list() }),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/playbacks/{id}',
    tag,
    summary: 'One playback with its position',
    access: 'admin',
    params: playbackParams,
    status: 200,
    response: playbackSchema,
    errors: [404],
    handle: ({ params: { id } }) => {
      const playback = streams.playbacks.get(id);
      if (playback === undefined) throw unknown(id);
      return playback;
    },
  });

  routes.add({
    method: 'patch',
    path: '/api/v1/playbacks/{id}',
    tag,
    summary: 'Pause, go on, change the speed, seek, step; answers when the device has agreed',
    access: 'admin',
    params: playbackParams,
    body: playbackChangeSchema,
    status: 200,
    response: playbackSchema,
    errors: [400, 404, 409, 413, 415, 502, 503, 504],
    handle: ({ params: { id }, body: { state, speed, position, step } }) =>
      streams.playbacks.change(id, {
        ...(state === undefined ? {} : { state }),
        ...(speed === undefined ? {} : { speed }),
        ...(position === undefined ? {} : { positionMs: position }),
        ...(step === undefined ? {} : { step }),
      }),
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/playbacks/{id}',
    tag,
    summary: 'End a playback',
    access: 'admin',
    params: playbackParams,
    status: 204,
    errors: [404],
    handle: async ({ params: { id } }) => {
      if (!(await streams.playbacks.stop(id))) throw unknown(id);
    },
  });
}

/** What is not undefined. */
function given<T extends object>(conditions: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function unknown(id: string): ApiError {
  return new ApiError('playback_unknown', `no playback ${id}`);
}
