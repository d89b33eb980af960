import type { Manscdp, ManscdpParts } from './message.ts';
import { sumNumOf, type ListPart } from './preset-query.ts';
import { listField, numberField, struct, textField } from './struct.ts';
import { xmlNode } from './xml.ts';

/** GB/T 28181-2022 6.5. */
export interface CruiseTrack {
  /** From 0. */
  readonly number: number;
  readonly name: string;
}

export interface CruisePoint {
  readonly presetIndex: number;
  /** Seconds. */
  readonly stayTime: number;
  /** 1-15. */
  readonly speed: number;
}

/** One message about one track. */
export interface CruiseTrackPart extends ListPart<CruisePoint> {
  readonly name: string;
}

const MAX_ITEMS = 1_000;
const TRACKS = listField(
  'CruiseTrackList',
  'CruiseTrack',
  struct({ number: numberField('Number'), name: textField('Name') }),
  MAX_ITEMS,
);
const POINTS = listField(
  'CruisePointList',
  'CruisePoint',
  struct({
    presetIndex: numberField('PresetIndex'),
    stayTime: numberField('StayTime'),
    speed: numberField('Speed'),
  }),
  MAX_ITEMS,
);

export function cruiseTrackListQuery(sn: number, deviceId: string): ManscdpParts {
  return { root: 'Query', cmdType: 'CruiseTrackListQuery', sn, deviceId };
}

export function parseCruiseTrackListPart({ body }: Manscdp): ListPart<CruiseTrack> {
  const items = (TRACKS.read(body) ?? []).flatMap(({ number, name = '' }) =>
    number === undefined ? [] : [{ number, name }],
  );
  return { ...sumNumOf(body.number('SumNum') ?? body.child('CruiseTrackList')?.number('Num')), items };
}

export function cruiseTrackListResponse(sn: number, deviceId: string, part: ListPart<CruiseTrack>): ManscdpParts {
  const rest = [xmlNode('SumNum', part.sumNum), ...TRACKS.write(part.items)];
  return { root: 'Response', cmdType: 'CruiseTrackListQuery', sn, deviceId, rest };
}

export function cruiseTrackQuery(sn: number, deviceId: string, number: number): ManscdpParts {
  return { root: 'Query', cmdType: 'CruiseTrackQuery', sn, deviceId, rest: [xmlNode('Number', number)] };
}

export function parseCruiseTrackPart({ body }: Manscdp): CruiseTrackPart {
  const items = (POINTS.read(body) ?? []).flatMap(({ presetIndex, stayTime = 0, speed = 0 }) =>
    presetIndex === undefined ? [] : [{ presetIndex, stayTime, speed }],
  );
  const sum = body.number('SumNum') ?? body.child('CruisePointList')?.number('Num');
  return { name: body.field('Name').slice(0, 128), ...sumNumOf(sum), items };
}

export function cruiseTrackResponse(
  sn: number,
  deviceId: string,
  part: CruiseTrackPart & { readonly number: number },
): ManscdpParts {
  const { number, name, sumNum, items } = part;
  const rest = [xmlNode('Number', number), xmlNode('Name', name), xmlNode('SumNum', sumNum), ...POINTS.write(items)];
  return { root: 'Response', cmdType: 'CruiseTrackQuery', sn, deviceId, rest };
}
