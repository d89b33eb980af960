import { z } from 'zod';
import { pageQuery, wholeNumber } from './common.ts';

const stateSchema = z.enum(['recording', 'finished', 'interrupted', 'failed']);
const containerSchema = z.enum(['mp4', 'webm']);

export const recordingFileSchema = z
  .object({
    index: z.int(),
    fileName: z.string(),
    startedAt: z.number(),
    durationMs: z.number(),
    bytes: z.number(),
    packetsIn: z.number(),
    packetsLost: z.number(),
    state: z.enum(['writing', 'finished']),
  })
  .meta({ id: 'RecordingFile' });

export const recordingSchema = z
  .object({
    id: z.string(),
    stream: z.string(),
    state: stateSchema,
    reason: z
      .enum([
        'stopped',
        'stream_ended',
        'source_lost',
        'shutdown',
        'crash',
        'disk_full',
        'write_failed',
        'thread_died',
        'file_limit',
      ])
      .optional()
      .meta({ description: 'Why it is in its state; source_lost: it waits for its camera. Absent while it runs.' }),
    message: z.string().optional(),
    startedAt: z.number(),
    endedAt: z.number().optional(),
    durationMs: z.number(),
    bytes: z.number(),
    packetsIn: z.number(),
    packetsLost: z.number(),
    container: containerSchema,
    codecs: z.array(z.string()),
    requestedBy: z.enum(['api', 'pms', 'room']),
    fileCount: z.int(),
    files: z
      .array(recordingFileSchema)
      .meta({ description: 'In lists and events the newest 50 only; fileCount tells how many there are.' }),
  })
  .meta({ id: 'Recording' });

export const recordingPageSchema = z
  .object({
    items: z.array(recordingSchema),
    page: z.int(),
    limit: z.int(),
    total: z.int(),
    totalBytes: z.number().meta({ description: 'Of all that match, not only of this page' }),
  })
  .meta({ id: 'RecordingPage' });

export const recordingQuery = z.object({
  page: pageQuery.page,
  limit: pageQuery.limit,
  stream: z.string().min(1).max(400).optional(),
  state: stateSchema.optional(),
  from: wholeNumber(0).optional().meta({ description: 'Unix ms; recordings that overlap the range.' }),
  to: wholeNumber(0).optional(),
  q: z.string().max(128).default('').meta({ description: "Part of the stream's or a file's name." }),
});

export const recordingRequestSchema = z
  .strictObject({
    stream: z.string().min(1).max(400),
    fileName: z.string().min(1).max(255).optional(),
    segmentMinutes: z.int().min(0).max(1440).optional(),
  })
  .meta({ id: 'RecordingRequest', description: 'The container follows the codec, whatever the extension asks for.' });
