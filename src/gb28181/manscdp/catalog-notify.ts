import type { CatalogItem } from '../catalogue/types.ts';
import { catalogItemNode, parseCatalogItem } from './catalog.ts';
import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** Event of an item of a catalogue NOTIFY (GB/T 28181 11.3). */
export type CatalogEvent = 'ON' | 'OFF' | 'VLOST' | 'DEFECT' | 'ADD' | 'DEL' | 'UPDATE';

/** One change; `item` is as sent, empty but for its ID where the event carries no more. */
export interface CatalogChange {
  readonly event: CatalogEvent;
  readonly item: CatalogItem;
  /** UPDATE without Status: that of `item` says nothing. */
  readonly withoutStatus?: boolean;
}

const EVENTS: ReadonlySet<string> = new Set(['ON', 'OFF', 'VLOST', 'DEFECT', 'ADD', 'DEL', 'UPDATE']);
const WITH_ITEM: ReadonlySet<CatalogEvent> = new Set(['ADD', 'UPDATE']);

/** Changes in order. An item without Event (example of 2016) is added or updated; an unknown event is left out. */
export function parseCatalogNotify({ body }: Manscdp): CatalogChange[] {
  const changes: CatalogChange[] = [];
  for (const list of body.childrenNamed('DeviceList')) {
    for (const element of list.childrenNamed('Item')) {
      const item = parseCatalogItem(element);
      const event = element.field('Event').toUpperCase() || 'UPDATE';
      if (item.id === '' || !EVENTS.has(event)) continue;
      const withoutStatus = event === 'UPDATE' && element.field('Status') === '';
      changes.push({ event: event as CatalogEvent, item, ...(withoutStatus && { withoutStatus }) });
    }
  }
  return changes;
}

export function catalogNotify(sn: number, deviceId: string, changes: readonly CatalogChange[]): ManscdpParts {
  const nodes = changes.map(({ event, item }) => {
    const [id, ...rest] = catalogItemNode(item);
    return xmlNode('Item', [
      ...(id === undefined ? [] : [id]),
      xmlNode('Event', event),
      ...(WITH_ITEM.has(event) ? rest : []),
    ]);
  });
  const list = xmlNode('DeviceList', nodes, { Num: changes.length });
  return { root: 'Notify', cmdType: 'Catalog', sn, deviceId, rest: [xmlNode('SumNum', changes.length), list] };
}
