import { z } from 'zod';
import { CONFIG_TYPES, type ConfigType } from '../../gb28181/index.ts';

const flag = z.boolean();
const text = z.string().max(256);
const small = z.int().min(0).max(65_535);
const seconds = z.int().min(0).max(864_000);

const basicParam = z.strictObject({
  name: text.min(1),
  expirationSec: z.int().min(60).max(864_000),
  heartBeatIntervalSec: z.int().min(5).max(3_600),
  heartBeatCount: z.int().min(1).max(100),
});

const svacEncode = z.strictObject({
  roi: z
    .strictObject({
      enabled: flag,
      number: small,
      items: z.array(z.strictObject({ seq: small, topLeft: small, bottomRight: small, qp: small }).partial()).max(16),
      backgroundQp: small,
      backgroundSkip: flag,
    })
    .partial(),
  svc: z
    .strictObject({
      spaceDomainMode: small,
      timeDomainMode: small,
      ssvcRatio: text,
      spaceSupportMode: small,
      timeSupportMode: small,
    })
    .partial(),
  surveillance: z.strictObject({ time: flag, event: flag, alert: flag, osd: flag, ai: flag, gis: flag }).partial(),
  audio: z.strictObject({ recognition: flag }).partial(),
});

const svacDecode = z.strictObject({
  svc: z.strictObject({ stmMode: small }).partial(),
  surveillance: z.strictObject({ time: flag, event: flag, alert: flag, osd: flag, ai: flag, gis: flag }).partial(),
});

const videoAttribute = z.strictObject({
  streamNumber: small,
  videoFormat: text,
  resolution: text,
  frameRate: text,
  bitRateType: z.int().min(1).max(2),
  videoBitRate: z.int().min(1).max(1_000_000).optional(),
});

const hour = z.int().min(0).max(24);
const sixty = z.int().min(0).max(59);
const timeSegment = z.strictObject({
  startHour: hour,
  startMin: sixty,
  startSec: sixty,
  stopHour: hour,
  stopMin: sixty,
  stopSec: sixty,
});

const recordPlan = z.strictObject({
  enabled: flag,
  scheduleCount: z.int().min(0).max(7),
  schedules: z
    .array(
      z.strictObject({
        weekDay: z.int().min(1).max(7),
        segmentCount: z.int().min(0).max(8),
        segments: z.array(timeSegment).max(8),
      }),
    )
    .max(7),
  streamNumber: small,
});

const alarmRecord = z.strictObject({
  enabled: flag,
  recordTimeSec: seconds,
  preRecordTimeSec: seconds,
  streamNumber: small,
});

const pictureMask = z.strictObject({
  on: flag,
  regionCount: z.int().min(0).max(4),
  regions: z.array(z.strictObject({ seq: z.int().min(1).max(4), point: z.string().regex(/^\d+,\d+,\d+,\d+$/) })).max(4),
});

const osd = z.strictObject({
  length: small,
  width: small,
  timeX: small,
  timeY: small,
  timeEnabled: flag,
  timeType: z.int().min(0).max(1),
  textEnabled: flag,
  textCount: z.int().min(0).max(8),
  texts: z.array(z.strictObject({ text: z.string().max(32), x: small, y: small })).max(8),
});

/** What can be written, by type: VideoParamOpt is read only, SnapShotConfig is written by ordering snapshots. */
export const CONFIG_WRITES = {
  BasicParam: basicParam.partial(),
  SVACEncodeConfig: svacEncode.partial(),
  SVACDecodeConfig: svacDecode.partial(),
  VideoParamAttribute: z.array(videoAttribute).min(1).max(16),
  VideoRecordPlan: recordPlan.partial().required({ enabled: true }),
  VideoAlarmRecord: alarmRecord.partial().required({ enabled: true }),
  PictureMask: pictureMask.partial().required({ on: true }),
  FrameMirror: z.int().min(0).max(3).meta({ description: '0 none, 1 horizontal, 2 vertical, 3 both.' }),
  AlarmReport: z.strictObject({ motionDetection: flag, fieldDetection: flag }).partial(),
  OSDConfig: osd.partial(),
} as const satisfies Partial<Record<ConfigType, z.ZodType>>;

const loose = z.record(z.string(), z.unknown());
const valuesSchema = z
  .object({
    ...Object.fromEntries(CONFIG_TYPES.map((type) => [type, loose])),
    VideoParamAttribute: z.array(loose),
    FrameMirror: z.number(),
  })
  .partial();

export const configAnswerSchema = z
  .object({
    values: valuesSchema,
    missing: z.array(z.string()).meta({ description: 'Asked for, and not in the answer.' }),
    complete: z.boolean(),
  })
  .meta({ id: 'ConfigAnswer', description: 'Fields are those that are written, and what devices only tell.' });

/** `?types=BasicParam,OSDConfig` */
export const configQuery = z.object({
  types: z
    .string()
    .max(512)
    .transform((given) => given.split(',').map((each) => each.trim()))
    .pipe(z.array(z.enum(CONFIG_TYPES)).min(1).max(CONFIG_TYPES.length))
    .meta({ description: 'Types of configuration, joined by commas.', type: 'string' }),
  force: z.enum(['true', 'false']).optional(),
});
