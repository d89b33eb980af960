import { z } from 'zod';

const transportSchema = z.enum(['auto', 'tcp', 'udp']);

export const newPullSchema = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(321)
      .meta({ description: 'Of the stream, `<app>/<name>`; `live` where no app is given' }),
    url: z.string().min(1).max(2048).meta({ description: 'rtsp://[user[:password]@]host[:port]/path' }),
    username: z.string().max(256).optional(),
    password: z.string().max(256).optional(),
    transport: transportSchema.default('auto').meta({ description: 'auto and udp take the other way after 461' }),
    onDemand: z.boolean().default(true).meta({ description: 'Fetched only while somebody watches' }),
  })
  .meta({ id: 'NewPull' });

export const pullSchema = z
  .object({
    name: z.string(),
    url: z.string().meta({ description: 'Without user and password' }),
    username: z.string(),
    hasPassword: z.boolean(),
    transport: transportSchema,
    onDemand: z.boolean(),
    state: z.enum(['idle', 'connecting', 'playing', 'failed']),
    since: z.number(),
    failure: z.object({ code: z.string(), message: z.string() }).optional(),
    nextAttemptAt: z.number().optional(),
    lower: z.enum(['tcp', 'udp']).optional(),
    omitted: z.array(z.string()).meta({ description: 'Tracks that are left out, e.g. MPEG4-GENERIC audio' }),
  })
  .meta({ id: 'Pull', description: 'A stream that is fetched from an RTSP server.' });
