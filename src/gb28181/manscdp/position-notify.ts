import { formatGbTime, parseGbTime } from '../beijing-time.ts';
import { coordinate } from './alarm-notify.ts';
import type { XmlElement } from './element.ts';
import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode, type XmlNode } from './xml.ts';

/** One place of one device or channel (GB/T 28181 11.4), WGS-84. */
export interface PositionFacts {
  readonly id: string;
  /** Unix ms; undefined where it cannot be read. */
  readonly at?: number;
  readonly longitude: number;
  readonly latitude: number;
  /** km/h. */
  readonly speed?: number;
  /** Degrees clockwise from north. */
  readonly direction?: number;
  /** Metres. */
  readonly altitude?: number;
  /** Metres above the ground (2022). */
  readonly height?: number;
}

/** What a MobilePosition says, and how many of its places are none: empty, impossible or 0, 0 (no fix). */
export interface PositionPart {
  readonly positions: readonly PositionFacts[];
  readonly unusable: number;
}

/** `flat` of 2016, `list` of 2022. */
interface PositionBody {
  readonly form: 'flat' | 'list';
  readonly deviceId: string;
  readonly position: PositionFacts;
}

export function mobilePositionQuery(sn: number, deviceId: string, intervalSec: number): ManscdpParts {
  return { root: 'Query', cmdType: 'MobilePosition', sn, deviceId, rest: [xmlNode('Interval', intervalSec)] };
}

export function positionNotify(sn: number, body: PositionBody): ManscdpParts {
  return { root: 'Notify', cmdType: 'MobilePosition', sn, deviceId: body.deviceId, rest: positionNodes(body) };
}

/** The answer to a query, for which the standard has no table of its own: what a notification says. */
export function positionResponse(sn: number, body: PositionBody): ManscdpParts {
  return { ...positionNotify(sn, body), root: 'Response' };
}

function positionNodes({ form, position }: PositionBody): XmlNode[] {
  const time = formatGbTime(position.at ?? 0);
  if (form === 'flat') return [xmlNode('Time', time), ...placeNodes(position)];
  const nodes = [xmlNode('DeviceID', position.id), xmlNode('CaptureTime', time), ...placeNodes(position)];
  const list = xmlNode('DeviceList', [xmlNode('Item', nodes)], { Num: 1 });
  return [xmlNode('Time', time), xmlNode('SumNum', 1), list];
}

function placeNodes({ longitude, latitude, speed, direction, altitude, height }: PositionFacts): XmlNode[] {
  return [
    xmlNode('Longitude', longitude),
    xmlNode('Latitude', latitude),
    xmlNode('Speed', speed),
    xmlNode('Direction', direction),
    xmlNode('Altitude', altitude),
    xmlNode('Height', height),
  ];
}

/** Both forms; the flat one without DeviceID, as its schema of 2016 has it, is of `fallbackId`. */
export function parsePositionNotify({ body, deviceId }: Manscdp, fallbackId: string): PositionPart {
  const lists = body.childrenNamed('DeviceList').flatMap((list) => list.childrenNamed('Item'));
  const own = deviceId === '' ? fallbackId : deviceId;
  const elements = lists.length === 0 ? [body] : lists;
  const common = parseGbTime(body.field('Time'));
  const positions = elements.flatMap((element) => placeOf(element, own, common) ?? []);
  return { positions, unusable: elements.length - positions.length };
}

function placeOf(element: XmlElement, fallbackId: string, common: number | undefined): PositionFacts | undefined {
  const longitude = coordinate(element, 'Longitude', 180);
  const latitude = coordinate(element, 'Latitude', 90);
  if (longitude === undefined || latitude === undefined || (longitude === 0 && latitude === 0)) return undefined;
  const at = parseGbTime(element.field('CaptureTime')) ?? parseGbTime(element.field('Time')) ?? common;
  const id = element.field('DeviceID').slice(0, 64);
  const speed = element.number('Speed');
  const direction = element.number('Direction');
  const altitude = element.number('Altitude');
  const height = element.number('Height');
  return {
    id: id === '' ? fallbackId : id,
    ...(at !== undefined && { at }),
    longitude,
    latitude,
    ...(speed !== undefined && { speed }),
    ...(direction !== undefined && { direction }),
    ...(altitude !== undefined && { altitude }),
    ...(height !== undefined && { height }),
  };
}
