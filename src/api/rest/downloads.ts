import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { closeSignal } from '../http/close-signal.ts';
import { downloadRequestSchema, downloadSchema } from '../schemas/playback.ts';
import { requireDevice } from './devices.ts';
import type { Routes } from './route.ts';

const downloadParams = z.object({ id: z.string().min(1).max(64) });
const tag = 'downloads';
/** What nearly all devices can. */
const DEFAULT_SPEED = 4;

/** Recordings of devices, fetched into files. */
export function addDownloadRoutes(routes: Routes, { parts: { platform, downloads } }: ApiContext): void {
  routes.add({
    method: 'post',
    path: '/api/v1/downloads',
    tag,
    summary: 'Fetch a recording of a device into a file; answers when the first picture is written',
    access: 'admin',
    body: downloadRequestSchema,
    status: 201,
    response: downloadSchema,
    errors: [400, 404, 409, 413, 415, 422, 502, 503, 504, 507],
    handle: ({ body: { deviceId, channelId, from, to, speed }, res }) => {
      requireDevice(platform, deviceId);
      const offered = platform.channel(deviceId, channelId)?.downloadSpeed ?? '';
      return downloads.start(
        { deviceId, channelId, fromMs: from, toMs: to, speed: speed ?? highest(offered) },
        closeSignal(res),
      );
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/downloads',
    tag,
    summary: 'Downloads, newest first; those that have ended, also before a restart, as long as their files are there',
    access: 'admin',
    status: 200,
    response: z.object({ items: z.array(downloadSchema) }).meta({ id: 'DownloadList' }),
    errors: [],
    handle: () => ({ items: downloads.list() }),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/downloads/{id}',
    tag,
    summary: 'One download with its progress',
    access: 'admin',
    params: downloadParams,
    status: 200,
    response: downloadSchema,
    errors: [404],
    handle: ({ params: { id } }) => {
      const download = downloads.get(id);
      if (download === undefined) throw unknown(id);
      return download;
    },
  });

  routes.add({
    method: 'post',
    path: '/api/v1/downloads/{id}/resume',
    tag,
    summary: 'Fetch what a download that has ended lacks, as another download from the position that it had reached',
    access: 'admin',
    params: downloadParams,
    status: 201,
    response: downloadSchema,
    errors: [404, 409, 422, 502, 503, 504, 507],
    handle: ({ params: { id }, res }) => downloads.resume(id, closeSignal(res)),
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/downloads/{id}',
    tag,
    summary: 'End a download; what has arrived stays as a recording',
    access: 'admin',
    params: downloadParams,
    status: 204,
    errors: [404],
    handle: async ({ params: { id } }) => {
      if (!(await downloads.stop(id))) throw unknown(id);
    },
  });
}

/** Of `1/2/4`, as a catalogue has it (GB/T 28181 7.3). */
function highest(offered: string): number {
  const speeds = offered.split('/').map(Number);
  const best = Math.max(0, ...speeds.filter((speed) => Number.isInteger(speed) && speed <= 64));
  return best === 0 ? DEFAULT_SPEED : best;
}

function unknown(id: string): ApiError {
  return new ApiError('download_unknown', `no download ${id}`);
}
