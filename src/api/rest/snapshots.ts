import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { commandQuery } from '../schemas/control.ts';
import { snapshotOrderSchema, snapshotPage, snapshotQuery, snapshotSessionSchema } from '../schemas/snapshot.ts';
import { channelParams } from './channels.ts';
import { DEVICE_ERRORS, optionsOf, type CommandRoutes } from './command-routes.ts';
import type { Routes } from './route.ts';
import { UPLOAD_PATH } from './snapshot-uploads.ts';

const tag = 'snapshots';
const sessionParams = z.object({ sessionId: z.string().regex(/^[0-9a-f]{32}$/) });
const snapshotParams = z.object({ id: z.string().regex(/^[0-9a-f]{32}-\d{1,2}$/) });

/** Pictures that cameras take and upload (GB/T 28181-2022 9.5). */
export function addSnapshotRoutes(routes: Routes, commands: CommandRoutes, context: ApiContext): void {
  const { snapshots } = context.parts;
  routes.add({
    method: 'post',
    path: '/api/v1/devices/{deviceId}/channels/{channelId}/snapshots',
    tag,
    summary: 'Have pictures taken (GB/T 28181-2022); the session tells when they are here',
    access: 'admin',
    params: channelParams,
    query: commandQuery,
    body: snapshotOrderSchema,
    status: 202,
    response: snapshotSessionSchema,
    errors: [...DEVICE_ERRORS, 413, 415],
    handle: async ({ params, query, body, res }) => {
      const target = commands.target(params);
      const uploadBase = (await uploadHost(context, target.deviceId)) + UPLOAD_PATH;
      return snapshots.take(target, { ...body, uploadBase }, optionsOf({ query, res }));
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/snapshot-sessions/{sessionId}',
    tag,
    summary: 'How an order for pictures goes',
    access: 'admin',
    params: sessionParams,
    status: 200,
    response: snapshotSessionSchema,
    errors: [400, 404],
    handle: ({ params: { sessionId } }) => {
      const session = snapshots.session(sessionId);
      if (session === undefined) throw new ApiError('snapshot_session_unknown', `no snapshot session ${sessionId}`);
      return session;
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/snapshots',
    tag,
    summary: 'Pictures that are kept, newest first',
    access: 'admin',
    query: z.object(snapshotQuery),
    status: 200,
    response: snapshotPage,
    errors: [400],
    handle: ({ query }) => ({ ...snapshots.list(query), page: query.page, limit: query.limit }),
  });

  addPictureRoutes(routes, context);
}

function addPictureRoutes(routes: Routes, { parts: { snapshots } }: ApiContext): void {
  const unknown = (id: string): ApiError => new ApiError('snapshot_unknown', `no snapshot ${id}`);
  routes.add({
    method: 'get',
    path: '/api/v1/snapshots/{id}/picture',
    tag,
    summary: 'The JPEG of a picture',
    access: 'admin',
    params: snapshotParams,
    status: 200,
    otherTypes: ['image/jpeg'],
    errors: [400, 404],
    handle: async ({ params: { id }, res }) => {
      const jpeg = await snapshots.read(id);
      if (jpeg === undefined) throw unknown(id);
      // A picture never changes.
      res.set({ 'Content-Type': 'image/jpeg', 'Cache-Control': 'private, max-age=86400, immutable' }).send(jpeg);
    },
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/snapshots/{id}',
    tag,
    summary: 'Delete a picture',
    access: 'admin',
    params: snapshotParams,
    status: 204,
    errors: [400, 404],
    handle: async ({ params: { id } }) => {
      if (!(await snapshots.remove(id))) throw unknown(id);
    },
  });
}

/** Where this device reaches our HTTP. */
async function uploadHost({ options, parts, publicAddress }: ApiContext, deviceId: string): Promise<string> {
  const { snapshotUploadUrl = '' } = options;
  return snapshotUploadUrl === ''
    ? publicAddress.httpUrl(await parts.platform.mediaAddress(deviceId))
    : snapshotUploadUrl;
}
