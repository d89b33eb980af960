import type { Manscdp, ManscdpParts } from './message.ts';
import { listField, numberField, struct, textField } from './struct.ts';
import { xmlNode } from './xml.ts';

export interface Preset {
  /** 1-255; devices send it as a text. */
  readonly id: string;
  readonly name: string;
}

/** One message of an answer in parts (GB/T 28181 7.4). */
export interface ListPart<T> {
  /** Total over all parts; undefined where the device left it out. */
  readonly sumNum?: number;
  readonly items: readonly T[];
}

const MAX_PRESETS = 1_000;
const LIST = listField(
  'PresetList',
  'Item',
  struct({ id: textField('PresetID'), name: textField('PresetName') }),
  MAX_PRESETS,
);
const SUM = numberField('SumNum');

export function presetQuery(sn: number, deviceId: string): ManscdpParts {
  return { root: 'Query', cmdType: 'PresetQuery', sn, deviceId };
}

export function parsePresetPart({ body }: Manscdp): ListPart<Preset> {
  const items = (LIST.read(body) ?? []).flatMap(({ id, name = '' }) => (id === undefined ? [] : [{ id, name }]));
  // GB/T 28181-2016 has no SumNum: there one message holds them all, counted by Num.
  return { ...sumNumOf(SUM.read(body) ?? body.child('PresetList')?.number('Num')), items };
}

export function sumNumOf(value: number | undefined): { readonly sumNum?: number } {
  return value === undefined ? {} : { sumNum: Math.max(0, Math.trunc(value)) };
}

export function presetResponse(sn: number, deviceId: string, part: ListPart<Preset>): ManscdpParts {
  const { sumNum, items } = part;
  const rest = [xmlNode('SumNum', sumNum), ...LIST.write(items)];
  return { root: 'Response', cmdType: 'PresetQuery', sn, deviceId, rest };
}
