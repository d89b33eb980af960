import { ownText } from '../../sip/index.ts';
import { formatGbTime, parseGbTime } from '../beijing-time.ts';
import type { CatalogItem, CatalogScope, ChannelFault } from '../catalogue/types.ts';
import { detailNodes, parseDetails } from './catalog-details.ts';
import type { XmlElement } from './element.ts';
import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode, type XmlNode } from './xml.ts';

/** One message of a catalogue answer. */
export interface CatalogPart {
  /** Total over all parts; undefined where the device left it out. */
  readonly sumNum?: number;
  readonly items: readonly CatalogItem[];
}

const MAX_TEXT = 1024;
const FAULTS: readonly ChannelFault[] = ['VLOST', 'DEFECT'];

/** `added`: only what was added between, in Unix ms (GB/T 28181 7.1). */
export function catalogQuery(sn: number, deviceId: string, added: Omit<CatalogScope, 'id'> = {}): ManscdpParts {
  const { fromMs, toMs } = added;
  const rest = [
    xmlNode('StartTime', fromMs === undefined ? undefined : formatGbTime(fromMs)),
    xmlNode('EndTime', toMs === undefined ? undefined : formatGbTime(toMs)),
  ];
  return { root: 'Query', cmdType: 'Catalog', sn, deviceId, rest };
}

/** As a device reads it. */
export function parseCatalogQuery({ body }: Manscdp): Omit<CatalogScope, 'id'> {
  const [fromMs, toMs] = [parseGbTime(body.field('StartTime')), parseGbTime(body.field('EndTime'))];
  return { ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }) };
}

/** Items without DeviceID (empty elements of some NVRs) are left out. */
export function parseCatalogPart({ body, cmdType }: Manscdp): CatalogPart {
  const sumNum = body.number('SumNum');
  const items: CatalogItem[] = [];
  for (const list of body.children) {
    const name = list.name.toLowerCase();
    const sensor = name === 'sensorcatalog' || name === 'sensorlist' || cmdType.toLowerCase() === 'sensorcatalog';
    if (name !== 'devicelist' && !sensor) continue;
    for (const element of list.childrenNamed('Item')) {
      const item = parseCatalogItem(element);
      if (item.id !== '') items.push(sensor ? { ...item, sensor } : item);
    }
  }
  return { ...(sumNum !== undefined && { sumNum: Math.max(0, Math.trunc(sumNum)) }), items };
}

/** Also of a NOTIFY, whose items may have nothing but their ID. */
export function parseCatalogItem(item: XmlElement): CatalogItem {
  // S16 puts these below Info, S22 partly beside it, ExtraInfo replaces Info for extensions.
  const inner = item.child('Info') ?? item.child('ExtraInfo');
  // Channels stay: they must not keep the bodies that they came in.
  const text = (name: string): string => ownText(item.field(name).slice(0, MAX_TEXT));
  const both = (name: string): string => text(name) || ownText((inner?.field(name) ?? '').slice(0, MAX_TEXT));
  const number = (name: string): number => item.number(name) ?? 0;
  const status = text('Status');
  const fault = FAULTS.find((each) => each === status.toUpperCase());
  const details = parseDetails([item, inner]);
  return {
    id: text('DeviceID').slice(0, 64),
    name: text('Name'),
    manufacturer: text('Manufacturer'),
    model: text('Model'),
    owner: text('Owner'),
    civilCode: text('CivilCode'),
    block: text('Block'),
    address: text('Address'),
    parental: number('Parental'),
    parentIdText: text('ParentID'),
    businessGroupId: both('BusinessGroupID'),
    safetyWay: number('SafetyWay'),
    registerWay: number('RegisterWay'),
    secrecy: number('Secrecy'),
    ipAddress: text('IPAddress'),
    port: number('Port'),
    status: parseStatus(status),
    ...(fault !== undefined && { fault }),
    longitude: number('Longitude'),
    latitude: number('Latitude'),
    ptzType: item.number('PTZType') ?? inner?.number('PTZType') ?? 0,
    resolution: both('Resolution'),
    downloadSpeed: both('DownloadSpeed'),
    streamNumbers: both('StreamNumberList'),
    ...(details !== undefined && { details }),
  };
}

/** ON, On, ONLINE, OK, 1 and their opposites; a device that sends none is not hidden for it. */
function parseStatus(text: string): 'ON' | 'OFF' {
  return /^(?:OFF|OFFLINE|ERROR|FAULT|NG|0|FALSE|VLOST|DEFECT)$/i.test(text) ? 'OFF' : 'ON';
}

/** A part of the answer, as a device sends it. */
export function catalogResponse(
  sn: number,
  deviceId: string,
  part: { readonly sumNum: number; readonly items: readonly CatalogItem[] },
): ManscdpParts {
  const list = xmlNode(
    'DeviceList',
    part.items.map((item) => xmlNode('Item', catalogItemNode(item))),
    { Num: part.items.length },
  );
  const rest = [xmlNode('SumNum', part.sumNum), ...(part.items.length === 0 ? [] : [list])];
  return { root: 'Response', cmdType: 'Catalog', sn, deviceId, rest };
}

/** Elements of an item, its ID first. */
export function catalogItemNode(item: CatalogItem): XmlNode[] {
  const optional = (name: string, value: string | number): XmlNode =>
    xmlNode(name, value === '' || value === 0 ? undefined : value);
  const details = detailNodes(item.details);
  const info = [
    optional('PTZType', item.ptzType),
    optional('Resolution', item.resolution),
    optional('DownloadSpeed', item.downloadSpeed),
    optional('StreamNumberList', item.streamNumbers),
    ...details.inner,
  ];
  return [
    xmlNode('DeviceID', item.id),
    xmlNode('Name', item.name),
    xmlNode('Manufacturer', item.manufacturer),
    xmlNode('Model', item.model),
    xmlNode('Owner', item.owner),
    xmlNode('CivilCode', item.civilCode),
    optional('Block', item.block),
    xmlNode('Address', item.address),
    xmlNode('Parental', item.parental),
    optional('ParentID', item.parentIdText),
    optional('BusinessGroupID', item.businessGroupId),
    xmlNode('SafetyWay', item.safetyWay),
    xmlNode('RegisterWay', item.registerWay),
    xmlNode('Secrecy', item.secrecy),
    optional('IPAddress', item.ipAddress),
    optional('Port', item.port),
    xmlNode('Status', item.fault ?? item.status),
    optional('Longitude', item.longitude),
    optional('Latitude', item.latitude),
    ...details.outer,
    ...(info.every((each) => each.content === undefined) ? [] : [xmlNode('Info', info)]),
  ];
}

/** An item with everything empty, to be spread over. */
export const EMPTY_CATALOG_ITEM: CatalogItem = {
  id: '',
  name: '',
  manufacturer: '',
  model: '',
  owner: '',
  civilCode: '',
  block: '',
  address: '',
  parental: 0,
  parentIdText: '',
  businessGroupId: '',
  safetyWay: 0,
  registerWay: 1,
  secrecy: 0,
  ipAddress: '',
  port: 0,
  status: 'ON',
  longitude: 0,
  latitude: 0,
  ptzType: 0,
  resolution: '',
  downloadSpeed: '',
  streamNumbers: '',
};
