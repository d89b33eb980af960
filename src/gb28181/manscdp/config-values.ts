import {
  flagField,
  groupField,
  joinedField,
  listField,
  numberField,
  positiveField,
  repeatedField,
  struct,
  textField,
  type Field,
  type ValueOf,
} from './struct.ts';

/** Types of configuration with their fields (GB/T 28181 9.4); the names are those of the standard. */

const basicParam = struct({
  name: textField('Name'),
  /** Seconds; some devices answer 0 or nothing to these three for "not told". */
  expirationSec: positiveField('Expiration'),
  heartBeatIntervalSec: positiveField('HeartBeatInterval'),
  heartBeatCount: positiveField('HeartBeatCount'),
  /** Read only: 0 none, 1 GPS, 2 BeiDou. */
  positionCapability: numberField('PositionCapability'),
  longitude: numberField('Longitude'),
  latitude: numberField('Latitude'),
});

const videoParamOpt = struct({
  downloadSpeed: joinedField('DownloadSpeed'),
  /** Codes of SDP `f`. */
  resolution: joinedField('Resolution'),
});

const svacEncodeConfig = struct({
  roi: groupField(
    'ROIParam',
    struct({
      enabled: flagField('ROIFlag'),
      number: numberField('ROINumber'),
      items: repeatedField(
        'Item',
        struct({
          seq: numberField('ROISeq'),
          topLeft: numberField('TopLeft'),
          bottomRight: numberField('BottomRight'),
          qp: numberField('ROIQP'),
        }),
        16,
      ),
      backgroundQp: numberField('BackGroundQP'),
      backgroundSkip: flagField('BackGroundSkipFlag'),
    }),
  ),
  svc: groupField(
    'SVCParam',
    struct({
      spaceDomainMode: numberField('SVCSpaceDomainMode'),
      timeDomainMode: numberField('SVCTimeDomainMode'),
      ssvcRatio: textField('SSVCRatioValue'),
      spaceSupportMode: numberField('SVCSpaceSupportMode'),
      timeSupportMode: numberField('SVCTimeSupportMode'),
    }),
  ),
  surveillance: groupField(
    'SurveillanceParam',
    struct({
      time: flagField('TimeFlag'),
      event: flagField('EventFlag'),
      alert: flagField('AlertFlag'),
      osd: flagField('OSDFlag'),
      ai: flagField('AIFlag'),
      gis: flagField('GISFlag'),
    }),
  ),
  audio: groupField('AudioParam', struct({ recognition: flagField('AudioRecognitionFlag') })),
});

/** GB/T 28181-2016 prints `AlerShowtFlag`; devices that corrected it are read as well. */
const alertShown: Field<boolean> = {
  read: (parent) => flagField('AlerShowtFlag').read(parent) ?? flagField('AlertShowFlag').read(parent),
  write: (value) => flagField('AlerShowtFlag').write(value),
};

const svacDecodeConfig = struct({
  svc: groupField('SVCParam', struct({ stmMode: numberField('SVCSTMMode') })),
  surveillance: groupField(
    'SurveillanceParam',
    struct({
      time: flagField('TimeShowFlag'),
      event: flagField('EventShowFlag'),
      alert: alertShown,
      osd: flagField('OSDShowFlag'),
      ai: flagField('AIShowFlag'),
      gis: flagField('GISShowFlag'),
    }),
  ),
});

/** Codes of SDP `f` (GB/T 28181 13.5). */
const videoParamAttribute = struct({
  streamNumber: numberField('StreamNumber'),
  videoFormat: textField('VideoFormat'),
  resolution: textField('Resolution'),
  frameRate: textField('FrameRate'),
  /** 1 constant, 2 variable. */
  bitRateType: numberField('BitRateType'),
  /** kbit/s, with a constant rate. */
  videoBitRate: numberField('VideoBitRate'),
});

const timeSegment = struct({
  startHour: numberField('StartHour'),
  startMin: numberField('StartMin'),
  startSec: numberField('StartSec'),
  stopHour: numberField('StopHour'),
  stopMin: numberField('StopMin'),
  stopSec: numberField('StopSec'),
});

const recordSchedule = struct({
  /** 1-7, Monday first. */
  weekDay: numberField('WeekDayNum'),
  segmentCount: numberField('TimeSegmentSumNum'),
  segments: repeatedField('TimeSegment', timeSegment, 8),
});

const videoRecordPlan = struct({
  enabled: flagField('RecordEnable'),
  scheduleCount: numberField('RecordScheduleSumNum'),
  schedules: repeatedField('RecordSchedule', recordSchedule, 7),
  streamNumber: numberField('StreamNumber'),
});

const videoAlarmRecord = struct({
  enabled: flagField('RecordEnable'),
  /** Seconds. */
  recordTimeSec: numberField('RecordTime'),
  preRecordTimeSec: numberField('PreRecordTime'),
  streamNumber: numberField('StreamNumber'),
});

const pictureMask = struct({
  on: flagField('On'),
  regionCount: numberField('SumNum'),
  regions: listField(
    'RegionList',
    'Item',
    struct({
      /** 1-4. */
      seq: numberField('Seq'),
      /** `left,top,right,bottom` in pixels. */
      point: textField('Point'),
    }),
    4,
  ),
});

const alarmReport = struct({
  motionDetection: flagField('MotionDetection'),
  fieldDetection: flagField('FieldDetection'),
});

const osdConfig = struct({
  /** Size of the picture that the positions are for, in pixels. */
  length: numberField('Length'),
  width: numberField('Width'),
  timeX: numberField('TimeX'),
  timeY: numberField('TimeY'),
  timeEnabled: flagField('TimeEnable'),
  /** 0 `YYYY-MM-DD HH:MM:SS`, 1 `YYYY年MM月DD日 HH:MM:SS`. */
  timeType: numberField('TimeType'),
  textEnabled: flagField('TextEnable'),
  textCount: numberField('SumNum'),
  texts: repeatedField('Item', struct({ text: textField('Text'), x: numberField('X'), y: numberField('Y') }), 8),
});

const snapShotConfig = struct({
  /** 1-10. */
  snapNum: numberField('SnapNum'),
  /** Seconds. */
  intervalSec: numberField('Interval'),
  uploadUrl: textField('UploadURL'),
  sessionId: textField('SessionID'),
});

/** How each type is written; `readNames` are further names of its element in ConfigDownload. */
export const CONFIG_FIELDS = {
  BasicParam: groupField('BasicParam', basicParam),
  VideoParamOpt: groupField('VideoParamOpt', videoParamOpt),
  SVACEncodeConfig: groupField('SVACEncodeConfig', svacEncodeConfig),
  SVACDecodeConfig: groupField('SVACDecodeConfig', svacDecodeConfig),
  VideoParamAttribute: listField('VideoParamAttribute', 'Item', videoParamAttribute, 16),
  VideoRecordPlan: groupField('VideoRecordPlan', videoRecordPlan),
  VideoAlarmRecord: groupField('VideoAlarmRecord', videoAlarmRecord),
  PictureMask: groupField('PictureMask', pictureMask),
  /** 0 none, 1 horizontal, 2 vertical, 3 both. */
  FrameMirror: numberField('FrameMirror'),
  AlarmReport: groupField('AlarmReport', alarmReport),
  OSDConfig: groupField('OSDConfig', osdConfig),
  SnapShotConfig: groupField('SnapShotConfig', snapShotConfig),
} as const;

export type ConfigType = keyof typeof CONFIG_FIELDS;
export type BasicParam = ValueOf<typeof basicParam.shape>;
export type SnapShotConfig = ValueOf<typeof snapShotConfig.shape>;

/** Values of configuration by type; each as far as a device told it. */
export type ConfigValues = ValueOf<typeof CONFIG_FIELDS>;

export const CONFIG_TYPES = Object.keys(CONFIG_FIELDS) as ConfigType[];

/** Types that devices of 2016 know as well. */
export const CONFIG_TYPES_2016: ReadonlySet<ConfigType> = new Set([
  'BasicParam',
  'VideoParamOpt',
  'SVACEncodeConfig',
  'SVACDecodeConfig',
]);
