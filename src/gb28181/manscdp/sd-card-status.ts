import type { Manscdp, ManscdpParts } from './message.ts';
import { sumNumOf, type ListPart } from './preset-query.ts';
import { choiceField, listField, numberField, struct, textField, type ValueOf } from './struct.ts';
import { xmlNode } from './xml.ts';

const STATES = ['ok', 'formatting', 'unformatted', 'idle', 'error'] as const;
const CARD = struct({
  id: numberField('ID'),
  name: textField('HddName'),
  status: choiceField('Status', STATES),
  /** Percent. */
  formatProgress: numberField('FormatProgress'),
  /** Megabytes. */
  capacity: numberField('Capacity'),
  freeSpace: numberField('FreeSpace'),
});

/** GB/T 28181-2022 6.7. */
export type SdCard = ValueOf<typeof CARD.shape>;

/** The standard allows eight. */
const MAX_CARDS = 64;
const LIST = listField('SDCardStatusInfo', 'Item', CARD, MAX_CARDS);

export function sdCardStatusQuery(sn: number, deviceId: string): ManscdpParts {
  return { root: 'Query', cmdType: 'SDCardStatus', sn, deviceId };
}

export function parseSdCardStatusPart({ body }: Manscdp): ListPart<SdCard> {
  const sum = body.number('SumNum') ?? body.child('SDCardStatusInfo')?.number('Num');
  return { ...sumNumOf(sum), items: LIST.read(body) ?? [] };
}

export function sdCardStatusResponse(sn: number, deviceId: string, part: ListPart<SdCard>): ManscdpParts {
  const rest = [xmlNode('SumNum', part.sumNum), ...LIST.write(part.items)];
  return { root: 'Response', cmdType: 'SDCardStatus', sn, deviceId, rest };
}
