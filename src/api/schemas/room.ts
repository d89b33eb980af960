import { z } from 'zod';

const roomStreamSchema = z
  .object({
    stream_id: z.string(),
    type: z.string(),
    has_video: z.boolean(),
    has_audio: z.boolean(),
    audio_codec: z.string(),
    video_codec: z.string(),
  })
  .meta({ id: 'RoomStream', description: 'As its member has declared it by stream.add' });

export const roomSummarySchema = z
  .object({ app: z.string(), channel: z.string(), members: z.int(), streams: z.int(), createdAt: z.number() })
  .meta({ id: 'RoomSummary' });

export const roomSchema = roomSummarySchema
  .extend({
    endpoints: z.array(
      z.object({
        endpoint: z.string(),
        device: z.string(),
        role: z.enum(['normal', 'recorder', 'relayer', 'camera']),
        connected: z.boolean().meta({ description: 'False: its connection is lost, it may still come back' }),
        remoteAddress: z.string(),
        joinedAt: z.number(),
        streams: z.array(roomStreamSchema),
      }),
    ),
  })
  .meta({ id: 'Room' });

const urlOf = (protocol: string) => z.string().max(2048).startsWith(`${protocol}://`).optional();

export const newMediaNodeSchema = z
  .strictObject({
    id: z.string().regex(/^\P{C}{1,128}$/u, 'must be 1 to 128 characters, no control characters'),
    addresses: z.strictObject({
      wss: urlOf('wss'),
      ws: urlOf('ws'),
      https: urlOf('https'),
      http: urlOf('http'),
      rtsp: urlOf('rtsp'),
    }),
    load: z.number().min(0).meta({ description: 'In units of its own, e.g. streams' }),
    capacity: z.number().positive(),
  })
  .meta({ id: 'MediaNodeHeartbeat' });

export const mediaNodeSchema = z
  .object({
    id: z.string(),
    addresses: z.object({
      wss: z.string(),
      ws: z.string(),
      https: z.string(),
      http: z.string(),
      rtsp: z.string(),
    }),
    load: z.number(),
    capacity: z.number(),
    alive: z.boolean(),
    heardAt: z.number(),
  })
  .meta({ id: 'MediaNode' });
