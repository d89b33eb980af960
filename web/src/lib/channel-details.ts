/** What a catalogue tells beyond what the gateway works with (GB/T 28181 7.3), in the order in which it is looked for. */
const NAMES = [
  'PointCommonName',
  'PointType',
  'PositionType',
  'UseType',
  'FunctionType',
  'CapturePositionType',
  'MobileDeviceType',
  'RoomType',
  'DirectionType',
  'HorizontalFieldAngle',
  'VerticalFieldAngle',
  'MaxViewDistance',
  'SupplyLightType',
  'PhotoelectricImagingType',
  'EncodeType',
  'SVCSpaceSupportMode',
  'SVCTimeSupportMode',
  'SSVCRatioSupportList',
  'RecordSaveDays',
  'MAC',
  'InstallTime',
  'ManagementUnit',
  'ContactInfo',
  'GrassrootsCode',
  'IndustrialClassification',
  'SecurityLevelCode',
  'CertNum',
  'Certifiable',
  'ErrCode',
  'EndTime',
];
const KNOWN: ReadonlySet<string> = new Set(NAMES);

/** One code, or several joined by a slash, with zeros before it or not. */
const CODES = /^0*\d{1,2}(?:\/0*\d{1,2})*$/;

export interface ChannelDetail {
  readonly name: string;
  readonly value: string;
  /** What may be codes, as `['1', '9']` of `01/9`; empty where it is none. */
  readonly codes: readonly string[];
}

/** The details that a channel has; names that are not known follow. */
export function channelDetails(details: Readonly<Record<string, string>> = {}): ChannelDetail[] {
  const others = Object.keys(details).filter((name) => !KNOWN.has(name));
  return [...NAMES, ...others].flatMap((name) => {
    const value = details[name];
    if (value === undefined) return [];
    return [{ name, value, codes: CODES.test(value) ? value.split('/').map((code) => String(Number(code))) : [] }];
  });
}
