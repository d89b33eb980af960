import { formatGbTime, parseGbTime } from '../beijing-time.ts';
import { parseAlarm, alarmNodes, type AlarmFacts } from './alarm-notify.ts';
import { isEdition2022 } from './device-control.ts';
import type { XmlElement } from './element.ts';
import type { Manscdp, ManscdpParts } from './message.ts';
import { sumNumOf, type ListPart } from './preset-query.ts';
import { xmlNode, type XmlNode } from './xml.ts';

/** Which alarms are meant (GB/T 28181 11.2); what is absent does not count. */
export interface AlarmConditions {
  /** 1 is the highest, 4 the lowest, 0 all. */
  readonly startPriority?: number;
  readonly endPriority?: number;
  /** Codes of 10.3, several joined by a slash; 0 all. */
  readonly alarmMethod?: string;
  readonly alarmType?: string;
  /** Unix ms. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** An alarm in the answer to a query. */
export interface ToldAlarm extends AlarmFacts {
  /** As sent: a channel, an alarm input, the device itself, or an alarm centre. */
  readonly channelId: string;
}

const MAX_TEXT = 64;

export function alarmQuery(sn: number, deviceId: string, conditions: AlarmConditions, gbVersion: string): ManscdpParts {
  const { alarmMethod } = conditions;
  // GB/T 28181 10.3: several methods are `12` in 2016.
  const joined = isEdition2022(gbVersion) ? alarmMethod : alarmMethod?.replaceAll('/', '');
  const rest = alarmConditionNodes({ ...conditions, ...(joined !== undefined && { alarmMethod: joined }) });
  return { root: 'Query', cmdType: 'Alarm', sn, deviceId, rest };
}

/** Also of the body of a subscription. */
export function alarmConditionNodes(conditions: AlarmConditions): XmlNode[] {
  const { startPriority, endPriority, alarmMethod, alarmType, fromMs, toMs } = conditions;
  return [
    xmlNode('StartAlarmPriority', startPriority),
    xmlNode('EndAlarmPriority', endPriority),
    xmlNode('AlarmMethod', alarmMethod),
    xmlNode('AlarmType', alarmType),
    xmlNode('StartAlarmTime', fromMs === undefined ? undefined : formatGbTime(fromMs)),
    xmlNode('EndAlarmTime', toMs === undefined ? undefined : formatGbTime(toMs)),
  ];
}

/** As a device reads it: both forms of several methods, and StartTime and EndTime of the example of 2016. */
export function parseAlarmQuery({ body }: Manscdp): AlarmConditions {
  const startPriority = body.number('StartAlarmPriority');
  const endPriority = body.number('EndAlarmPriority');
  const alarmMethod = body.field('AlarmMethod').slice(0, MAX_TEXT);
  const alarmType = body.field('AlarmType').slice(0, MAX_TEXT);
  const fromMs = parseGbTime(body.field('StartAlarmTime')) ?? parseGbTime(body.field('StartTime'));
  const toMs = parseGbTime(body.field('EndAlarmTime')) ?? parseGbTime(body.field('EndTime'));
  return {
    ...(startPriority !== undefined && { startPriority }),
    ...(endPriority !== undefined && { endPriority }),
    ...(alarmMethod !== '' && { alarmMethod: slashed(alarmMethod) }),
    ...(alarmType !== '' && { alarmType }),
    ...(fromMs !== undefined && { fromMs }),
    ...(toMs !== undefined && { toMs }),
  };
}

/** `12` of 2016 as `1/2`. */
function slashed(methods: string): string {
  return /^[1-7]{2,7}$/.test(methods) ? methods.replaceAll(/(?!^)(?=\d)/g, '/') : methods;
}

/**
 * One message of the answer. The standard has no table for it: it says what a notification says (10.1), one alarm in
 * a message, with the total of 7.4. Absent: there is none.
 */
export function alarmQueryResponse(
  sn: number,
  deviceId: string,
  { sumNum, alarm }: { readonly sumNum: number; readonly alarm?: ToldAlarm },
): ManscdpParts {
  const head = { root: 'Response', cmdType: 'Alarm', sn, deviceId: alarm?.channelId ?? deviceId } as const;
  return { ...head, rest: [xmlNode('SumNum', sumNum), ...(alarm === undefined ? [] : alarmNodes(alarm))] };
}

/** One alarm beside the head, as in a notification, or several in a list of whatever name. */
export function parseAlarmQueryPart({ body, deviceId }: Manscdp): ListPart<ToldAlarm> {
  const listed = body.children.flatMap((list) => list.childrenNamed('Item'));
  const elements = listed.length > 0 ? listed : isAlarm(body) ? [body] : [];
  const items = elements.map((element) => ({
    ...parseAlarm(element),
    channelId: element.field('DeviceID').slice(0, MAX_TEXT) || deviceId,
  }));
  return { ...sumNumOf(body.number('SumNum')), items };
}

/** A bare Result says that the query was taken. */
function isAlarm(body: XmlElement): boolean {
  return ['AlarmTime', 'AlarmMethod', 'AlarmPriority'].some((name) => body.field(name) !== '');
}
