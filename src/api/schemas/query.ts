import { z } from 'zod';
import { momentQuery, wholeNumber } from './common.ts';
import { positionFields } from './reports.ts';

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

/** Codes of GB/T 28181 10.3; 0 is all. */
export const alarmCodes = z
  .string()
  .max(64)
  .regex(/^\d{1,2}(?:\/\d{1,2})*$/);
export const alarmMethods = z
  .string()
  .max(16)
  .regex(/^(?:0|[1-7](?:\/[1-7])*)$/);

export const deviceAlarmQuery = z.object({
  startPriority: wholeNumber(0, 4).optional().meta({ description: '1 is the highest, 4 the lowest, 0 all.' }),
  endPriority: wholeNumber(0, 4).optional(),
  alarmMethod: alarmMethods.optional().meta({ description: 'As of an Alarm, several joined by a slash; 0 all.' }),
  alarmType: alarmCodes.optional(),
  from: momentQuery.optional().meta({ description: 'Unix ms.' }),
  to: momentQuery.optional(),
});

export const deviceAlarmListSchema = listOf(
  z.object({
    channelId: z.string(),
    alarmedAt: z.number().optional().meta({ description: 'Unix ms; absent where it cannot be read.' }),
    priority: z.int(),
    method: z.int(),
    type: z.int(),
    eventType: z.int(),
    description: z.string(),
    longitude: z.number().optional(),
    latitude: z.number().optional(),
  }),
  'DeviceAlarmList',
);

export const mobilePositionQuery = z.object({
  interval: wholeNumber(1, 86_400)
    .default(5)
    .meta({ description: 'Seconds between the reports of a device that goes on to report.' }),
});

export const mobilePositionListSchema = listOf(
  z.object({
    id: z.string(),
    at: z.number().optional().meta({ description: "Unix ms, by the device's clock." }),
    ...positionFields,
  }),
  'MobilePositionList',
);
