import { ownText } from '../../sip/index.ts';
import { formatGbTime, parseGbTime } from '../beijing-time.ts';
import type { XmlElement } from './element.ts';
import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode, type XmlNode } from './xml.ts';

/** What an alarm says (GB/T 28181 10.1); numbers as in the tables of 10.3, 0 where the device told none. */
export interface AlarmFacts {
  /** 1 is the highest, 4 the lowest. */
  readonly priority: number;
  /** 1 telephone, 2 device, 3 SMS, 4 GPS, 5 video, 6 device fault, 7 other. */
  readonly method: number;
  /** Its meaning depends on the method. */
  readonly type: number;
  /** Intrusion: 1 enter, 2 leave. */
  readonly eventType: number;
  /** Unix ms; undefined where it cannot be read. */
  readonly alarmedAt?: number;
  readonly description: string;
  /** WGS-84. */
  readonly longitude?: number;
  readonly latitude?: number;
}

const MAX_DESCRIPTION = 1024;
const MAX_CODE = 999;

export function alarmNotify(sn: number, deviceId: string, facts: AlarmFacts): ManscdpParts {
  return { root: 'Notify', cmdType: 'Alarm', sn, deviceId, rest: alarmNodes(facts) };
}

/** Elements behind DeviceID. */
export function alarmNodes(facts: AlarmFacts): XmlNode[] {
  const { priority, method, type, eventType, alarmedAt = 0, description, longitude, latitude } = facts;
  const event = eventType === 0 ? [] : [xmlNode('AlarmTypeParam', [xmlNode('EventType', eventType)])];
  return [
    xmlNode('AlarmPriority', priority),
    xmlNode('AlarmMethod', method),
    xmlNode('AlarmTime', formatGbTime(alarmedAt)),
    xmlNode('AlarmDescription', description === '' ? undefined : description),
    xmlNode('Longitude', longitude),
    xmlNode('Latitude', latitude),
    ...(type === 0 ? [] : [xmlNode('Info', [xmlNode('AlarmType', type), ...event])]),
  ];
}

export function parseAlarmNotify({ body }: Manscdp): AlarmFacts {
  return parseAlarm(body);
}

/** Reads every form of the field: `Info`, `info`, `ExtraInfo`, and AlarmType beside them. */
export function parseAlarm(body: XmlElement): AlarmFacts {
  const info = body.child('Info') ?? body.child('ExtraInfo');
  const param = info?.child('AlarmTypeParam') ?? body.child('AlarmTypeParam');
  const alarmedAt = parseGbTime(body.field('AlarmTime'));
  const longitude = coordinate(body, 'Longitude', 180);
  const latitude = coordinate(body, 'Latitude', 90);
  return {
    priority: code(body, 'AlarmPriority'),
    method: methodOf(body),
    type: code(info, 'AlarmType') || code(body, 'AlarmType'),
    eventType: code(param, 'EventType'),
    ...(alarmedAt !== undefined && { alarmedAt }),
    description: ownText(body.field('AlarmDescription').slice(0, MAX_DESCRIPTION)),
    ...(longitude !== undefined && latitude !== undefined && { longitude, latitude }),
  };
}

/** `0-7`; of a combination such as `1/2` (2022) the first. */
function code(element: XmlElement | undefined, name: string): number {
  const [first = ''] = (element?.field(name) ?? '').split('/');
  const value = Number(first.trim() || Number.NaN);
  return Number.isInteger(value) && value > 0 && value <= MAX_CODE ? value : 0;
}

/** Of several methods the first: `1/2` (2022), or `12` (2016), since none of the table has two digits. */
function methodOf(element: XmlElement): number {
  const text = element.field('AlarmMethod');
  return /^[1-7]{2,7}$/.test(text) ? Number(text.slice(0, 1)) : code(element, 'AlarmMethod');
}

/** Undefined for an empty or impossible value. */
export function coordinate(element: XmlElement, name: 'Longitude' | 'Latitude', limit: number): number | undefined {
  const value = element.number(name);
  return value !== undefined && Math.abs(value) <= limit ? value : undefined;
}

/** What the platform answers an alarm with that came in a MESSAGE (GB/T 28181 10.2). */
export function alarmResponse(sn: number, deviceId: string): ManscdpParts {
  return { root: 'Response', cmdType: 'Alarm', sn, deviceId, rest: [xmlNode('Result', 'OK')] };
}
