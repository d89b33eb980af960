import { ownText } from '../../sip/index.ts';
import type { CatalogItem } from '../catalogue/types.ts';
import type { XmlElement } from './element.ts';
import { xmlNode, type XmlNode } from './xml.ts';

type Details = NonNullable<CatalogItem['details']>;

/** Beside the name. */
const OUTER = ['CertNum', 'Certifiable', 'ErrCode', 'EndTime', 'SecurityLevelCode'];
/** Below Info (GB/T 28181 7.3). The password that stands among them is nobody's business. */
const INNER = [
  'PositionType',
  'RoomType',
  'UseType',
  'SupplyLightType',
  'DirectionType',
  'SVCSpaceSupportMode',
  'SVCTimeSupportMode',
  'SSVCRatioSupportList',
  'PhotoelectricImagingType',
  'CapturePositionType',
  'MobileDeviceType',
  'HorizontalFieldAngle',
  'VerticalFieldAngle',
  'MaxViewDistance',
  'GrassrootsCode',
  'PointType',
  'PointCommonName',
  'MAC',
  'FunctionType',
  'EncodeType',
  'InstallTime',
  'ManagementUnit',
  'ContactInfo',
  'RecordSaveDays',
  'IndustrialClassification',
];
const NAMES: ReadonlyMap<string, string> = new Map([...OUTER, ...INNER].map((name) => [name.toLowerCase(), name]));
const MAX_CHARS = 256;

/** What an item tells beyond what the gateway works with, by the standard's names; undefined where there is nothing. */
export function parseDetails(elements: ReadonlyArray<XmlElement | undefined>): Details | undefined {
  let details: Record<string, string> | undefined;
  for (const element of elements) {
    for (const { name, value } of element?.children ?? []) {
      const known = NAMES.get(name.toLowerCase());
      if (known === undefined || value === '') continue;
      details ??= {};
      // Channels stay: they must not keep the bodies that they came in.
      details[known] ??= ownText(value.slice(0, MAX_CHARS));
    }
  }
  return details;
}

/** The same as elements: those beside the name, and those below Info. */
export function detailNodes(details: Details = {}): { readonly outer: XmlNode[]; readonly inner: XmlNode[] } {
  const nodes = (names: readonly string[]): XmlNode[] => names.map((name) => xmlNode(name, details[name]));
  return { outer: nodes(OUTER), inner: nodes(INNER) };
}
