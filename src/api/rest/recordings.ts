import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { sendFile } from '../http/send-file.ts';
import { recordingPageSchema, recordingQuery, recordingRequestSchema, recordingSchema } from '../schemas/recording.ts';
import type { RecordedFile } from '../types.ts';
import type { Routes } from './route.ts';
import { wholeNumber } from '../schemas/common.ts';

const recordingId = z.string().min(1).max(64);
const recordingParams = z.object({ id: recordingId });
const fileParams = z.object({ id: recordingId, index: wholeNumber(0, 1_000_000) });
const tag = 'recordings';

/** Recordings: begun, listed, ended, deleted, downloaded. */
export function addRecordingRoutes(routes: Routes, { parts: { recordings }, gate }: ApiContext): void {
  routes.add({
    method: 'get',
    path: '/api/v1/recordings',
    tag,
    summary: "Recordings, newest first, by stream, state, time, or a part of the stream's or a file's name",
    access: 'admin',
    query: recordingQuery,
    status: 200,
    response: recordingPageSchema,
    errors: [400],
    handle: ({ query: { page, limit, stream, state, from, to, q } }) => {
      const found = recordings.list({
        page,
        limit,
        ...(stream === undefined ? {} : { stream: stream.includes('/') ? stream : `live/${stream}` }),
        ...(state === undefined ? {} : { state }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(q === '' ? {} : { text: q }),
      });
      return { items: found.items, page, limit, total: found.total, totalBytes: found.totalBytes };
    },
  });

  routes.add({
    method: 'post',
    path: '/api/v1/recordings',
    tag,
    summary: 'Record a stream; a camera is called first. Answers when the first picture is written',
    access: 'admin',
    body: recordingRequestSchema,
    status: 201,
    response: recordingSchema,
    errors: [400, 404, 409, 413, 415, 422, 502, 503, 504, 507],
    handle: ({ body: { stream, fileName, segmentMinutes } }) =>
      recordings.start({
        stream,
        requestedBy: 'api',
        ...(fileName === undefined ? {} : { fileName }),
        ...(segmentMinutes === undefined ? {} : { segmentMinutes }),
      }),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/recordings/{id}',
    tag,
    summary: 'One recording with all its files',
    access: 'admin',
    params: recordingParams,
    status: 200,
    response: recordingSchema,
    errors: [404],
    handle: ({ params: { id } }) => {
      const recording = recordings.get(id);
      if (recording === undefined) throw unknown(id);
      return recording;
    },
  });

  routes.add({
    method: 'post',
    path: '/api/v1/recordings/{id}/stop',
    tag,
    summary: 'End a recording; answers when its file is finished',
    access: 'admin',
    params: recordingParams,
    status: 200,
    response: recordingSchema,
    errors: [404],
    handle: ({ params: { id } }) => recordings.stop(id),
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/recordings/{id}',
    tag,
    summary: 'Delete a recording that has ended, with its files',
    access: 'admin',
    params: recordingParams,
    status: 204,
    errors: [404, 409],
    handle: ({ params: { id } }) => recordings.delete(id),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/recordings/{id}/files/{index}',
    tag,
    summary: "One file, in ranges where they are asked for (administrator, or the stream's play token)",
    access: 'play',
    params: fileParams,
    query: z.object({ download: z.enum(['0', '1']).optional() }),
    status: 200,
    otherTypes: ['video/mp4', 'video/webm'],
    ranges: true,
    errors: [400, 404, 416],
    handle: async ({ params: { id, index }, query: { download }, req, res }) => {
      const recording = recordings.get(id);
      // Who may not see it learns nothing of it.
      await gate.requirePlay(req, recording === undefined ? [] : [recording.stream]);
      const file: RecordedFile | undefined = await recordings.openFile(id, index);
      if (file === undefined) throw unknown(id, index);
      return sendFile(req, res, { file, attachment: download === '1' });
    },
  });
}

function unknown(id: string, index?: number): ApiError {
  return new ApiError('recording_unknown', `no recording ${id}${index === undefined ? '' : `, file ${index}`}`);
}
