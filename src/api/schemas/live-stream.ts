import { z } from 'zod';
import type { Platform } from '../../gb28181/index.ts';
import type { StreamSnapshot } from '../../stream/index.ts';
import { pageQuery } from './common.ts';
import { publisherSchema, readerSchema, stateSchema, viewerSchema } from './play.ts';

/** Where a stream comes from: `webrtc` is a browser or another WHIP or pms publisher. */
const kindSchema = z.enum(['camera', 'webrtc', 'rtsp', 'pull']);
type StreamKind = z.infer<typeof kindSchema>;

export const muteSchema = z
  .strictObject({ video: z.boolean().optional(), audio: z.boolean().optional() })
  .refine(({ video, audio }) => video !== undefined || audio !== undefined, 'needs video, audio or both')
  .meta({ id: 'MuteChange', description: 'true = held back from everybody; what is left out stays as it is.' });

export const mutedSchema = z.object({ video: z.boolean(), audio: z.boolean() }).meta({ id: 'Muted' });

export const liveStreamSchema = z
  .object({
    name: z.string(),
    title: z.string().meta({ description: "A camera's name in its catalogue, else the last part of the name" }),
    kind: kindSchema,
    playId: z.string(),
    deviceId: z.string(),
    channelId: z.string(),
    subStream: z.int(),
    state: stateSchema,
    transport: z.string().optional(),
    createdAt: z.number(),
    video: z
      .object({ codec: z.string(), playable: z.boolean(), width: z.int().optional(), height: z.int().optional() })
      .optional(),
    audio: z.object({ codec: z.string(), playable: z.boolean(), sampleRate: z.int(), channels: z.int() }).optional(),
    bitrateBps: z.number(),
    fps: z.number(),
    packets: z.number(),
    lost: z.number(),
    viewerCount: z.int().meta({ description: 'By WebRTC and RTSP' }),
    publisher: publisherSchema.optional(),
  })
  .meta({ id: 'LiveStream' });

type LiveStreamView = z.infer<typeof liveStreamSchema>;

export const liveStreamDetailSchema = liveStreamSchema
  .extend({ viewers: z.array(viewerSchema), readers: z.array(readerSchema) })
  .meta({ id: 'LiveStreamDetail' });

const SORTS = ['createdAt', 'title', 'bitrate', 'viewers'] as const;

export const liveStreamQuery = z.object({
  ...pageQuery,
  kind: kindSchema.optional(),
  sort: z.enum(SORTS).default('createdAt'),
  reverse: z.enum(['true', 'false']).default('false'),
});

type LiveStreamQuery = z.infer<typeof liveStreamQuery>;

function kindOf({ source, transport }: StreamSnapshot): StreamKind {
  if (source === 'camera') return 'camera';
  return transport === 'rtsp' || transport === 'pull' ? transport : 'webrtc';
}

function titleOf(stream: StreamSnapshot, platform: Pick<Platform, 'channel' | 'device'>): string {
  const last = stream.name.slice(stream.name.indexOf('/') + 1);
  if (stream.source !== 'camera') return last;
  const { deviceId, channelId } = stream;
  return platform.channel(deviceId, channelId)?.name || platform.device(deviceId)?.name || last;
}

/** A stream as lists show it: without its viewers, of which there may be thousands. */
export function liveStreamView(stream: StreamSnapshot, platform: Pick<Platform, 'channel' | 'device'>): LiveStreamView {
  const { name, playId, deviceId, channelId, subStream, state, transport, createdAt, stats, publisher } = stream;
  return {
    name,
    title: titleOf(stream, platform),
    kind: kindOf(stream),
    playId,
    deviceId,
    channelId,
    subStream,
    state,
    ...(transport === undefined ? {} : { transport }),
    createdAt,
    ...tracksOf(stream),
    bitrateBps: stats.bitrateBps,
    fps: stats.fps,
    packets: stats.packets,
    lost: stats.lost,
    viewerCount: stream.viewers.length + stream.readers.filter(({ protocol }) => protocol === 'rtsp').length,
    ...(publisher === undefined ? {} : { publisher }),
  };
}

function tracksOf({ video, audio }: StreamSnapshot): Pick<LiveStreamView, 'video' | 'audio'> {
  return {
    ...(video === undefined
      ? {}
      : {
          video: {
            codec: video.codec,
            playable: video.playable,
            ...(video.width === undefined ? {} : { width: video.width }),
            ...(video.height === undefined ? {} : { height: video.height }),
          },
        }),
    ...(audio === undefined
      ? {}
      : {
          audio: {
            codec: audio.codec,
            playable: audio.playable,
            sampleRate: audio.sampleRate,
            channels: audio.channels,
          },
        }),
  };
}

const ORDER: Readonly<Record<(typeof SORTS)[number], (a: LiveStreamView, b: LiveStreamView) => number>> = {
  createdAt: (a, b) => b.createdAt - a.createdAt,
  title: (a, b) => a.title.localeCompare(b.title, undefined, { numeric: true }),
  bitrate: (a, b) => b.bitrateBps - a.bitrateBps,
  viewers: (a, b) => b.viewerCount - a.viewerCount,
};

/** Those that match, in the order that was asked for; equal ones by name, so that pages do not change places. */
export function selectLiveStreams(streams: readonly LiveStreamView[], query: LiveStreamQuery): LiveStreamView[] {
  const { kind, sort, reverse } = query;
  const words = query.search.toLowerCase().split(/\s+/).filter(Boolean);
  const sign = reverse === 'true' ? -1 : 1;
  return streams
    .filter((stream) => kind === undefined || stream.kind === kind)
    .filter((stream) => {
      const text = `${stream.name} ${stream.title} ${stream.publisher?.remoteAddress ?? ''}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => sign * ORDER[sort](a, b) || (a.name < b.name ? -1 : 1));
}
