import { ownText } from '../../sip/index.ts';
import { formatGbTime, parseGbTime } from '../beijing-time.ts';
import type { RecordItem, RecordQuery } from '../records/types.ts';
import type { XmlElement } from './element.ts';
import type { Manscdp, ManscdpParts } from './message.ts';
import { numberField, positiveField, struct, textField } from './struct.ts';
import { xmlNode, type XmlNode } from './xml.ts';

/** One message of a RecordInfo answer. */
export interface RecordInfoPart {
  /** Total over all parts; undefined where the device left it out. */
  readonly sumNum?: number;
  readonly items: readonly RecordItem[];
  /** Items without times that can be read, each as what tells it from others. */
  readonly unreadable: readonly string[];
}

const MAX_TEXT = 1024;

const ELEMENTS_2022 = { streamNumber: 'StreamNumber', alarmMethod: 'AlarmMethod', alarmType: 'AlarmType' } as const;
/** Conditions that devices of 2016 do not know. */
export const RECORD_QUERY_2022 = Object.keys(ELEMENTS_2022) as ReadonlyArray<keyof typeof ELEMENTS_2022>;

/**
 * GB/T 28181 8.1. Type and Secrecy are always written: a Dahua NVR answers nothing without them (quirks 2.3). Type
 * `all` where none is asked for.
 */
export function recordInfoQuery(sn: number, query: Omit<RecordQuery, 'deviceId'>): ManscdpParts {
  const { channelId, fromMs, toMs, secrecy = 0, type = 'all' } = query;
  const rest = [
    xmlNode('StartTime', formatGbTime(fromMs)),
    xmlNode('EndTime', formatGbTime(toMs)),
    xmlNode('FilePath', query.filePath),
    xmlNode('Address', query.address),
    xmlNode('Secrecy', secrecy),
    xmlNode('Type', type),
    xmlNode('RecorderID', query.recorderId),
    xmlNode('IndistinctQuery', query.indistinctQuery),
    ...RECORD_QUERY_2022.map((name) => xmlNode(ELEMENTS_2022[name], query[name])),
  ];
  return { root: 'Query', cmdType: 'RecordInfo', sn, deviceId: channelId, rest };
}

const CONDITIONS = struct({
  filePath: textField('FilePath'),
  address: textField('Address'),
  /** 0 is what a query without it asks for. */
  secrecy: positiveField('Secrecy'),
  recorderId: textField('RecorderID'),
  indistinctQuery: positiveField('IndistinctQuery'),
  streamNumber: numberField('StreamNumber'),
  alarmMethod: textField('AlarmMethod'),
  alarmType: textField('AlarmType'),
});

/** What makes a list shorter, besides its range and type. */
export const RECORD_CONDITIONS = Object.keys(CONDITIONS.shape) as ReadonlyArray<keyof typeof CONDITIONS.shape>;

/** What a query asks for, as a device reads it; undefined without readable times. */
export function parseRecordInfoQuery({ deviceId, body }: Manscdp): Omit<RecordQuery, 'deviceId'> | undefined {
  const [fromMs, toMs] = [parseGbTime(body.field('StartTime')), parseGbTime(body.field('EndTime'))];
  if (fromMs === undefined || toMs === undefined) return undefined;
  return { channelId: deviceId, fromMs, toMs, type: typeOf(body.field('Type')), ...CONDITIONS.read(body) };
}

/** Items without readable times cannot be placed on a day and are left out. */
export function parseRecordInfoPart({ body }: Manscdp): RecordInfoPart {
  const sumNum = body.number('SumNum');
  const elements = body.childrenNamed('RecordList').flatMap((list) => list.childrenNamed('Item'));
  const items: RecordItem[] = [];
  const unreadable: string[] = [];
  for (const element of elements) {
    const item = parseItem(element);
    if (item === undefined) unreadable.push(markOf(element));
    else items.push(item);
  }
  return { ...(sumNum !== undefined && { sumNum: Math.max(0, Math.trunc(sumNum)) }), items, unreadable };
}

function markOf(item: XmlElement): string {
  const fields = ['StartTime', 'EndTime', 'FilePath', 'RecorderID'].map((name) => item.field(name).slice(0, MAX_TEXT));
  return ownText(fields.join(' '));
}

function parseItem(item: XmlElement): RecordItem | undefined {
  const [startMs, endMs] = [parseGbTime(item.field('StartTime')), parseGbTime(item.field('EndTime'))];
  if (startMs === undefined || endMs === undefined || endMs <= startMs) return undefined;
  // Kept by callers: must not keep the bodies that they came in.
  const text = (name: string): string => ownText(item.field(name).slice(0, MAX_TEXT));
  return {
    channelId: text('DeviceID').slice(0, 64),
    name: text('Name'),
    filePath: text('FilePath'),
    address: text('Address'),
    startMs,
    endMs,
    secrecy: item.number('Secrecy') ?? 0,
    type: typeOf(item.field('Type')),
    recorderId: text('RecorderID'),
    fileSize: Math.max(0, item.number('FileSize') ?? 0),
    recordLocation: text('RecordLocation'),
    streamNumber: item.number('StreamNumber') ?? 0,
  };
}

function typeOf(text: string): RecordItem['type'] {
  const lower = text.trim().toLowerCase();
  return lower === 'time' || lower === 'alarm' || lower === 'manual' ? lower : 'all';
}

/** A part of the answer, as a device sends it: without a list where there is nothing (GB/T 28181 7.4). */
export function recordInfoResponse(
  sn: number,
  deviceId: string,
  part: { readonly name: string; readonly sumNum: number; readonly items: readonly RecordItem[] },
): ManscdpParts {
  const list = xmlNode('RecordList', part.items.map(itemNode), { Num: part.items.length });
  const rest = [xmlNode('Name', part.name), xmlNode('SumNum', part.sumNum), ...(part.items.length === 0 ? [] : [list])];
  return { root: 'Response', cmdType: 'RecordInfo', sn, deviceId, rest };
}

function itemNode(item: RecordItem): XmlNode {
  const optional = (name: string, value: string | number): XmlNode =>
    xmlNode(name, value === '' || value === 0 ? undefined : value);
  return xmlNode('Item', [
    xmlNode('DeviceID', item.channelId),
    xmlNode('Name', item.name),
    optional('FilePath', item.filePath),
    optional('Address', item.address),
    xmlNode('StartTime', formatGbTime(item.startMs)),
    xmlNode('EndTime', formatGbTime(item.endMs)),
    xmlNode('Secrecy', item.secrecy),
    optional('Type', item.type === 'all' ? '' : item.type),
    optional('RecorderID', item.recorderId),
    optional('FileSize', item.fileSize),
    optional('RecordLocation', item.recordLocation),
    optional('StreamNumber', item.streamNumber),
  ]);
}
