import { z } from 'zod';

const durationsSchema = z
  .object({
    count: z.int(),
    totalMs: z.number(),
    meanMs: z.number(),
    medianMs: z.number(),
    p95Ms: z.number(),
    maxMs: z.number(),
  })
  .meta({ id: 'CallDurations' });

const mediumQuality = {
  count: z.int().meta({ description: 'Directions of pairs that received some of it.' }),
  meanLostRate: z.number().meta({ description: '0 to 1' }),
  worstLostRate: z.number(),
  meanBitrate: z.number().meta({ description: 'kbit/s' }),
  worstBitrate: z.number(),
};

const connectTypeSchema = z.enum(['TURN', 'STUN', 'Unknown']);

const names = {
  roomId: z.string(),
  userId: z.string(),
  userName: z.string(),
  remoteUserId: z.string(),
  remoteUserName: z.string(),
  begunAt: z.number(),
};

const worstCallSchema = z
  .object({
    subSessionId: z.string(),
    ...names,
    durationMs: z.number(),
    connectType: connectTypeSchema,
    audioLostRate: z.number(),
    videoLostRate: z.number(),
    bitrate: z.number(),
    frameRate: z.number(),
  })
  .meta({ id: 'WorstCall', description: 'One direction of a pair, as its receiver (userId) saw it.' });

export const callStatisticsSchema = z
  .object({
    from: z.string(),
    to: z.string(),
    timeZone: z.string().meta({ description: 'IANA name; its days and hours are meant' }),
    rangeFrom: z.number(),
    rangeTo: z.number(),
    generatedAt: z.number(),
    truncated: z.boolean().meta({ description: 'There are more records than are read at once.' }),
    sessions: z.object({ total: z.int(), running: z.int(), timedOut: z.int(), durations: durationsSchema }),
    users: z.int(),
    rooms: z.int(),
    pairs: z.object({
      total: z.int(),
      connected: z.int(),
      failed: z.int(),
      connectTypes: z.object({ TURN: z.int(), STUN: z.int(), Unknown: z.int() }),
      durations: durationsSchema,
      cost: z.number().meta({ description: 'In cents' }),
    }),
    quality: z.object({
      audio: z.object(mediumQuality),
      video: z.object({ ...mediumQuality, meanFrameRate: z.number(), worstFrameRate: z.number() }),
    }),
    hours: z.array(z.object({ hour: z.int(), sessions: z.int(), talkMs: z.number() })),
    worst: z.array(worstCallSchema),
    failed: z.array(z.object({ ...names, iceIp: z.string() }).meta({ id: 'FailedPair' })),
  })
  .meta({ id: 'CallStatistics', description: 'Calls of the RoomServer on some days, as in the daily report.' });

const day = z.string().max(32).optional();

export const callStatisticsQuery = z.object({
  date: day.meta({ description: '`2026-11-21`; absent: today. Days are those of report.time-zone.' }),
  from: day.meta({ description: 'Instead of date: the first of at most 31 days.' }),
  to: day.meta({ description: 'The last of them.' }),
  format: z.enum(['json', 'html', 'csv']).default('json').meta({ description: 'html, csv: the report as a file' }),
});
