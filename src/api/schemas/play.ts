import { z } from 'zod';
import { idSchema } from './common.ts';

export const stateSchema = z.enum(['opening', 'playing', 'failed', 'closed']);

export const playSchema = z
  .object({
    id: z.string(),
    stream: z.string(),
    deviceId: z.string(),
    channelId: z.string(),
    startedAt: z.number(),
    endedAt: z.number().optional(),
    state: stateSchema,
    failure: z.object({ code: z.string(), message: z.string(), sipStatus: z.int().optional() }).optional(),
    transport: z.string().optional(),
    callIds: z.array(z.string()),
    timeline: z.array(
      z.object({
        stage: z.string(),
        at: z.number(),
        afterMs: z.number(),
        detail: z.string().optional(),
        viewerId: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Play', description: 'One play of a channel with its evidence timeline.' });

const videoSchema = z.object({
  kind: z.literal('video'),
  codec: z.string(),
  playable: z.boolean(),
  profileLevelId: z.string().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  spropParameterSets: z.string().optional(),
  ssrc: z.number(),
  payloadType: z.int(),
});

const audioSchema = z.object({
  kind: z.literal('audio'),
  codec: z.string(),
  playable: z.boolean(),
  sampleRate: z.int(),
  channels: z.int(),
  ssrc: z.number(),
  payloadType: z.int(),
});

const statsSchema = z.object({
  packets: z.number(),
  bytes: z.number(),
  lost: z.number(),
  reordered: z.number(),
  duplicates: z.number(),
  wrongSsrc: z.number(),
  wrongSource: z.number(),
  rtcpPackets: z.number(),
  resyncs: z.number(),
  frames: z.number(),
  keyFrames: z.number(),
  audioFrames: z.number(),
  droppedFrames: z.number(),
  bitrateBps: z.number(),
  fps: z.number(),
  gopMs: z.number(),
  mediaMs: z.number().meta({ description: 'Length of the material so far, by its own clock.' }),
  errors: z.record(z.string(), z.number()),
});

export const viewerSchema = z
  .object({
    id: z.string(),
    stream: z.string(),
    remoteAddress: z.string(),
    userAgent: z.string(),
    createdAt: z.number(),
    iceState: z.string(),
    dtlsState: z.string(),
    bytesSent: z.number(),
    firstFrameMs: z.number().optional(),
  })
  .meta({ id: 'Viewer' });

export const publisherSchema = z
  .object({
    id: z.string(),
    remoteAddress: z.string(),
    userAgent: z.string(),
    iceState: z.string().optional().meta({ description: 'Of a publisher over WebRTC, as the next one' }),
    dtlsState: z.string().optional(),
    muted: z.object({ video: z.boolean(), audio: z.boolean() }),
  })
  .meta({ id: 'Publisher' });

export const readerSchema = z
  .object({
    id: z.string(),
    protocol: z.enum(['rtsp', 'recording']),
    remoteAddress: z.string(),
    userAgent: z.string(),
    createdAt: z.number(),
  })
  .meta({ id: 'Reader', description: 'One who watches by RTSP, or a recording' });

export const streamSchema = z
  .object({
    name: z.string(),
    source: z.enum(['camera', 'publication']),
    playId: z.string(),
    deviceId: z.string(),
    channelId: z.string(),
    subStream: z.int(),
    subStreamChoice: z
      .enum(['selected', 'ignored', 'not_asked', 'unverified'])
      .optional()
      .meta({ description: 'Of a sub-stream, by the size of its picture: whether the device heeded the choice' }),
    state: stateSchema,
    ssrc: z.string(),
    transport: z.string().optional(),
    createdAt: z.number(),
    video: videoSchema.optional(),
    audio: audioSchema.optional(),
    stats: statsSchema,
    viewers: z.array(viewerSchema),
    readers: z.array(readerSchema),
    publisher: publisherSchema.optional(),
  })
  .meta({ id: 'Stream' });

export const playRequestSchema = z
  .strictObject({ deviceId: idSchema, channelId: idSchema, subStream: z.int().min(0).max(15).default(0) })
  .meta({ id: 'PlayRequest' });

export const playTicketSchema = z
  .object({
    playId: z.string(),
    stream: z.string(),
    url: z.string().meta({ description: 'webrtc://host:1985/live/…, for players of SRS' }),
    whepUrl: z.string().meta({ description: 'Relative to this server' }),
    token: z.string().optional(),
    tokenExpiresAt: z.number().optional(),
    snapshot: streamSchema,
  })
  .meta({ id: 'PlayTicket' });
