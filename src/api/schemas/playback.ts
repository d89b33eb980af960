import { z } from 'zod';
import { idSchema, momentQuery, wholeNumber } from './common.ts';
import { commandQuery } from './control.ts';
import { alarmCodes, alarmMethods } from './query.ts';
import { recordingFileSchema } from './recording.ts';

const DAY_MS = 86_400_000;
/** A RecordInfo answer has to fit into one page; a month has 31 days. */
const MAX_LIST_MS = 31 * DAY_MS;
const MAX_RANGE_MS = 7 * DAY_MS;

const recordTypeSchema = z.enum(['time', 'alarm', 'manual', 'all']);
const unixMs = z.number().int().min(0).max(8.64e15);

const ordered = ({ from, to }: { readonly from: number; readonly to: number }): boolean => to > from;
const within =
  (limitMs: number) =>
  ({ from, to }: { readonly from: number; readonly to: number }): boolean =>
    to - from <= limitMs;

const conditionText = z.string().min(1).max(256).optional();
const flag = wholeNumber(0, 1).optional();

export const recordQuerySchema = z.object({
  from: momentQuery.meta({ description: 'Unix ms.' }),
  to: momentQuery,
  type: recordTypeSchema.default('all'),
  filePath: conditionText,
  address: conditionText.meta({ description: 'A part of it is enough.' }),
  secrecy: flag.meta({ description: '1: secret ones.' }),
  recorderId: conditionText.meta({ description: 'Who triggered the recording.' }),
  indistinctQuery: flag.meta({ description: '1: the domain looks in its centre and at the device.' }),
  streamNumber: wholeNumber(0, 15).optional().meta({ description: 'GB/T 28181-2022, as the next two.' }),
  alarmMethod: alarmMethods.optional().meta({ description: 'As of an Alarm, several joined by a slash; 0 all.' }),
  alarmType: alarmCodes.optional(),
  force: commandQuery.shape.force,
});

/** What is wrong with a range of recordings, in words. */
export function rangeFault({ from, to }: { readonly from: number; readonly to: number }): string | undefined {
  if (!ordered({ from, to })) return `to must be after from, got ${from} to ${to}`;
  return within(MAX_LIST_MS)({ from, to }) ? undefined : `${to - from} ms, the limit is ${MAX_LIST_MS}`;
}

const recordItemSchema = z
  .object({
    channelId: z.string(),
    name: z.string(),
    filePath: z.string(),
    address: z.string(),
    startMs: z.number().meta({ description: 'Unix ms; clipped to the range.' }),
    endMs: z.number(),
    secrecy: z.number(),
    type: recordTypeSchema,
    recorderId: z.string(),
    fileSize: z.number().meta({ description: 'Bytes; 0 = not told.' }),
    recordLocation: z.string(),
    streamNumber: z.number(),
  })
  .meta({ id: 'RecordItem' });

export const recordListSchema = z
  .object({
    deviceId: z.string(),
    channelId: z.string(),
    fromMs: z.number(),
    toMs: z.number(),
    sumNum: z.number().meta({ description: 'Items that the device has announced.' }),
    complete: z.boolean().meta({ description: 'false: the device fell silent before the last part.' }),
    items: z.array(recordItemSchema),
    segments: z
      .array(z.object({ startMs: z.number(), endMs: z.number(), type: recordTypeSchema }))
      .meta({ description: 'What a timeline draws: items that overlap or touch, joined; alarms apart.' }),
  })
  .meta({ id: 'RecordList' });

const speedSchema = z
  .number()
  .min(-8)
  .max(8)
  .refine((speed) => Math.abs(speed) >= 0.25, 'must be 0.25 to 8, or -0.25 to -8')
  .meta({ description: 'Times the speed of play; negative: backwards, where the device can. Sound flows at 1 only.' });

const rangeFields = {
  deviceId: idSchema,
  channelId: idSchema,
  from: unixMs.meta({ description: 'Unix ms.' }),
  to: unixMs,
};
const rangeRules = [
  [ordered, 'to must be after from'],
  [within(MAX_RANGE_MS), `a range is at most ${MAX_RANGE_MS} ms`],
] as const;

export const playbackRequestSchema = z
  .strictObject({
    ...rangeFields,
    speed: speedSchema.optional(),
    subStream: z
      .int()
      .min(0)
      .max(15)
      .default(0)
      .meta({ description: 'As of a play; 1 is streamNumber 1 of a RecordItem. The play says whether it was heeded.' }),
  })
  .refine(...rangeRules[0])
  .refine(...rangeRules[1])
  .meta({ id: 'PlaybackRequest' });

export const playbackChangeSchema = z
  .strictObject({
    state: z.enum(['playing', 'paused']).optional(),
    speed: speedSchema.optional(),
    position: unixMs.optional().meta({ description: 'Unix ms; a paused playback shows the picture there.' }),
    step: z
      .union([z.literal(1), z.literal(-1)])
      .optional()
      .meta({
        description:
          'About one picture forwards, by a moment of play, or backwards, by a seek and a pause; devices start at key frames.',
      }),
  })
  .meta({ id: 'PlaybackChange', description: 'What is absent stays.' });

export const playbackSchema = z
  .object({
    id: z.string(),
    stream: z.string().meta({ description: 'To be watched as any other stream.' }),
    playId: z.string().meta({ description: 'Of the latest INVITE: its evidence is in /api/v1/plays.' }),
    deviceId: z.string(),
    channelId: z.string(),
    subStream: z.int(),
    fromMs: z.number(),
    toMs: z.number(),
    state: z.enum(['opening', 'playing', 'paused', 'ended']),
    speed: z.number(),
    positionMs: z.number().meta({ description: 'What arrives now, Unix ms.' }),
    control: z.enum(['info', 'invite']).meta({ description: 'invite: the device refuses MANSRTSP.' }),
    sessionName: z.enum(['Playback', 'Download']).meta({ description: 's= of its INVITEs; Download by srs-sip only.' }),
    createdAt: z.number(),
    endedAt: z.number().optional(),
    end: z.string().optional().meta({ description: 'finished, stopped, unwatched, or the reason code of a play.' }),
    message: z.string().optional(),
  })
  .meta({ id: 'Playback' });

export const playbackTicketSchema = playbackSchema
  .extend({
    url: z.string().meta({ description: 'webrtc:// URL.' }),
    whepUrl: z.string(),
    token: z.string().optional(),
    tokenExpiresAt: z.number().optional(),
  })
  .meta({ id: 'PlaybackTicket' });

export const downloadRequestSchema = z
  .strictObject({
    ...rangeFields,
    speed: z
      .int()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'Default: the highest that the channel offers, else 4.' }),
  })
  .refine(...rangeRules[0])
  .refine(...rangeRules[1])
  .meta({ id: 'DownloadRequest' });

export const downloadSchema = z
  .object({
    id: z.string(),
    stream: z.string(),
    deviceId: z.string(),
    channelId: z.string(),
    fromMs: z.number(),
    toMs: z.number(),
    speed: z.number(),
    state: z.enum(['running', 'complete', 'partial', 'failed']).meta({
      description:
        'complete: as long as what the device has recorded; partial: shorter, with a file; failed: nothing has come, or the gateway was restarted meanwhile, with what had come by then.',
    }),
    progress: z.number().meta({ description: '0 to 1.' }),
    positionMs: z.number(),
    expectedMs: z.number(),
    durationMs: z.number(),
    receivedBytes: z.number(),
    fileSize: z.number().meta({ description: 'As the device announced it; 0 = unknown.' }),
    resumes: z.int().meta({ description: 'Calls after a loss, each from the position reached.' }),
    recordingId: z.string().meta({ description: 'Its files are those of this recording.' }),
    files: z.array(recordingFileSchema),
    createdAt: z.number(),
    endedAt: z.number().optional(),
    end: z
      .string()
      .optional()
      .meta({ description: 'finished, stopped, gateway_restarted, or the reason code of a play.' }),
    message: z.string().optional(),
    continuedBy: z.string().optional().meta({ description: 'The download that fetches what this one lacks.' }),
  })
  .meta({ id: 'Download' });
