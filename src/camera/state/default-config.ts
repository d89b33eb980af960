import type { ConfigValues } from '../../gb28181/manscdp/config-values.ts';

/** What a camera has before anybody configures it; BasicParam is the device's own. */
export const DEFAULT_CONFIG: ConfigValues = {
  VideoParamOpt: { downloadSpeed: ['1', '2', '4'], resolution: ['5', '6'] },
  SVACEncodeConfig: {
    roi: { enabled: false, number: 0 },
    svc: { spaceDomainMode: 0, timeDomainMode: 0 },
    surveillance: { time: true, osd: true, ai: false, gis: false },
    audio: { recognition: false },
  },
  SVACDecodeConfig: { svc: { stmMode: 0 }, surveillance: { time: true, event: false, alert: false } },
  VideoParamAttribute: [
    { streamNumber: 0, videoFormat: '2', resolution: '5', frameRate: '25', bitRateType: 1, videoBitRate: 2_048 },
    { streamNumber: 1, videoFormat: '2', resolution: '4', frameRate: '15', bitRateType: 2 },
  ],
  VideoRecordPlan: { enabled: false, scheduleCount: 0, streamNumber: 0 },
  VideoAlarmRecord: { enabled: false, recordTimeSec: 30, preRecordTimeSec: 5, streamNumber: 0 },
  PictureMask: { on: false, regionCount: 0, regions: [] },
  FrameMirror: 0,
  AlarmReport: { motionDetection: true, fieldDetection: false },
  OSDConfig: {
    length: 1_280,
    width: 720,
    timeX: 16,
    timeY: 16,
    timeEnabled: true,
    timeType: 0,
    textEnabled: false,
    textCount: 0,
  },
  SnapShotConfig: { snapNum: 1, intervalSec: 1 },
};
