import { z } from 'zod';
import { encodeText } from '../../gb28181/index.ts';
import { wholeNumber } from './common.ts';

const byte = z.int().min(0).max(255);
/** Byte 6, and four bits of byte 7 (GB/T 28181 9.3). */
const wide = z.int().min(0).max(4_095);
export const presetNumber = wholeNumber(1, 255);
export const groupNumber = wholeNumber(0, 255);
const MAX_NAME_BYTES = 32;
/** PresetName and CruiseTrackName are as long in GB18030 (GB/T 28181-2022 9.2): sixteen Chinese characters. */
const name = z
  .string()
  .min(1)
  .max(MAX_NAME_BYTES)
  .refine((text) => encodeText(text, 'gb18030').length <= MAX_NAME_BYTES, {
    message: `must be at most ${MAX_NAME_BYTES} bytes in GB18030`,
  })
  .meta({ description: 'At most 32 bytes in GB18030: 16 Chinese characters.' });

export const controlAnswerSchema = z
  .object({
    sent: z.literal(true),
    command: z.string().meta({ description: 'Name in the standard, as in the capabilities of the device.' }),
    outcome: z.enum(['sent', 'confirmed']),
  })
  .meta({
    id: 'ControlAnswer',
    description:
      'sent: the device took the command, which has no answer in GB/T 28181. confirmed: it answered OK. ' +
      'A refusal is the error device_refused, a missing answer device_no_response.',
  });

export const commandQuery = z.object({
  force: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'true sends a command of the 2022 edition to a device of the 2016 one.' }),
});

export const ptzSchema = z
  .strictObject({
    direction: z.enum([
      'stop',
      'up',
      'down',
      'left',
      'right',
      'upleft',
      'upright',
      'downleft',
      'downright',
      'zoomin',
      'zoomout',
    ]),
    speed: byte.default(128),
    zoomSpeed: z.int().min(0).max(15).optional(),
  })
  .meta({ id: 'PtzMove' });

export const lensSchema = z
  .strictObject({
    focus: z.enum(['near', 'far', 'stop']).default('stop'),
    iris: z.enum(['open', 'close', 'stop']).default('stop'),
    focusSpeed: byte.default(128),
    irisSpeed: byte.default(128),
  })
  .meta({
    id: 'PtzLens',
    description: 'Both stop: the lens stands still. Where only one of the two moves, its speed is sent for both.',
  });

export const presetSetSchema = z
  .strictObject({ name: name.optional() })
  .meta({ id: 'PresetSet', description: 'The name reaches devices of the 2022 edition.' });

export const cruiseSchema = z
  .discriminatedUnion('action', [
    z.strictObject({ action: z.literal('add'), preset: z.int().min(1).max(255), name: name.optional() }),
    z.strictObject({ action: z.literal('remove'), preset: z.int().min(1).max(255) }),
    z.strictObject({ action: z.literal('clear') }),
    z.strictObject({ action: z.literal('speed'), speed: wide }),
    z.strictObject({ action: z.literal('dwell'), seconds: wide }),
    z.strictObject({ action: z.literal('start') }),
    z.strictObject({ action: z.literal('stop') }),
  ])
  .meta({ id: 'CruiseCommand', description: 'stop stops everything that moves.' });

export const scanSchema = z
  .discriminatedUnion('action', [
    z.strictObject({ action: z.enum(['start', 'stop', 'left-limit', 'right-limit']) }),
    z.strictObject({ action: z.literal('speed'), speed: wide }),
  ])
  .meta({ id: 'ScanCommand', description: 'stop stops everything that moves.' });

export const auxiliarySchema = z.strictObject({ on: z.boolean() }).meta({ id: 'AuxiliarySwitch' });

const pixels = z.int().min(0).max(65_535);
export const areaSchema = z
  .strictObject({
    length: pixels.min(1).meta({ description: 'Width of the play window in pixels.' }),
    width: pixels.min(1).meta({ description: 'Height of the play window in pixels.' }),
    midPointX: pixels,
    midPointY: pixels,
    lengthX: pixels.min(1),
    lengthY: pixels.min(1),
  })
  .meta({ id: 'PictureArea', description: 'A box in the play window, by its middle and its size; from the top left.' });

export const dragZoomSchema = z
  .strictObject({ direction: z.enum(['in', 'out']), area: areaSchema })
  .meta({ id: 'DragZoom' });

export const homePositionSchema = z
  .strictObject({
    enabled: z.boolean(),
    resetTime: z.int().min(0).max(86_400).optional().meta({ description: 'Seconds.' }),
    presetIndex: byte.optional(),
  })
  .meta({ id: 'HomePosition' });

export const precisePositionSchema = z
  .strictObject({
    pan: z.number().min(0).max(360),
    tilt: z.number().min(-90).max(90).meta({ description: 'Positive is down.' }),
    zoom: z.number().min(1).max(1_000),
  })
  .partial()
  .meta({ id: 'PrecisePosition' });

export const targetTrackSchema = z
  .strictObject({
    mode: z.enum(['Auto', 'Manual', 'Stop']),
    panoramaId: z.string().max(64).optional(),
    area: areaSchema.optional(),
  })
  .refine(({ mode, area }) => mode !== 'Manual' || area !== undefined, {
    message: 'Manual needs an area',
    path: ['area'],
  })
  .meta({ id: 'TargetTrack', description: 'Manual needs an area.' });

export const recordSchema = z
  .strictObject({ on: z.boolean(), streamNumber: z.int().min(0).max(15).optional() })
  .meta({ id: 'DeviceRecord', description: 'Recording in the device itself.' });

export const guardSchema = z.strictObject({ set: z.boolean() }).meta({ id: 'Guard' });

const alarmText = z
  .string()
  .regex(/^[\d/]{1,32}$/)
  .optional();
export const alarmResetSchema = z
  .strictObject({ alarmMethod: alarmText, alarmType: alarmText })
  .meta({ id: 'AlarmReset' });

export const formatSchema = z
  .strictObject({ card: z.int().min(0).max(64).meta({ description: 'From 1; 0 is all cards.' }) })
  .meta({ id: 'SdCardFormat' });

export const upgradeOrderSchema = z
  .strictObject({
    firmware: z.string().min(1).max(64),
    fileUrl: z.url({ protocol: /^(?:https?|ftp)$/ }).max(512),
    manufacturer: z.string().min(1).max(64),
  })
  .meta({ id: 'UpgradeOrder' });

export const upgradeSchema = z
  .object({
    deviceId: z.string(),
    sessionId: z.string(),
    state: z.enum(['accepted', 'restarting', 'registered', 'done', 'failed', 'no_report']),
    firmware: z.string(),
    startedAt: z.number(),
    endedAt: z.number().optional(),
    failedReason: z
      .string()
      .optional()
      .meta({ description: '01 download timeout, 02 package damaged, 03 system fault, 99 other.' }),
  })
  .meta({ id: 'Upgrade' });

export const capabilitiesSchema = z
  .object({
    items: z.array(
      z.object({
        command: z.string(),
        outcome: z.enum(['sent', 'confirmed', 'refused', 'unanswered']),
        at: z.number(),
        detail: z.string(),
      }),
    ),
  })
  .meta({ id: 'Capabilities', description: 'What became of each command, the last time that it was sent.' });
