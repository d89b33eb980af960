import { z } from 'zod';

const listOf = <T extends z.ZodType>(item: T, id: string) =>
  z
    .object({ items: z.array(item), sumNum: z.int(), complete: z.boolean() })
    .meta({ id, description: 'complete is false where the device fell silent before its last part.' });

export const deviceInfoSchema = z
  .object({
    name: z.string(),
    manufacturer: z.string(),
    model: z.string(),
    firmware: z.string(),
    channels: z.number().optional(),
  })
  .meta({ id: 'DeviceInfo' });

export const presetListSchema = listOf(z.object({ id: z.string(), name: z.string() }), 'PresetList');

export const cruiseTrackListSchema = listOf(z.object({ number: z.number(), name: z.string() }), 'CruiseTrackList');

export const cruiseTrackSchema = z
  .object({
    number: z.number(),
    name: z.string(),
    items: z.array(
      z.object({
        presetIndex: z.number(),
        stayTime: z.number().meta({ description: 'Seconds.' }),
        speed: z.number(),
      }),
    ),
    sumNum: z.int(),
    complete: z.boolean(),
  })
  .meta({ id: 'CruiseTrack' });

export const ptzPositionSchema = z
  .object({
    pan: z.number(),
    tilt: z.number(),
    zoom: z.number(),
    horizontalFieldAngle: z.number(),
    verticalFieldAngle: z.number(),
    maxViewDistance: z.number(),
  })
  .partial()
  .meta({ id: 'PtzPosition', description: 'Degrees, multiplier, metres; what the device does not tell is absent.' });

export const sdCardListSchema = listOf(
  z
    .object({
      id: z.number(),
      name: z.string(),
      status: z.enum(['ok', 'formatting', 'unformatted', 'idle', 'error']),
      formatProgress: z.number().meta({ description: 'Percent.' }),
      capacity: z.number().meta({ description: 'Megabytes.' }),
      freeSpace: z.number(),
    })
    .partial(),
  'SdCardList',
);
