import { errorMessage, finish, type Logger } from '../../util/index.ts';
import type { DeviceRecord } from '../device/record.ts';
import type { DeviceTable } from '../device/table.ts';
import { asTold } from '../groups/overrides.ts';
import { parseCatalogNotify, type CatalogChange, type CatalogEvent } from '../manscdp/index.ts';
import type { DeviceMessage } from '../message-handlers.ts';
import { buildChannels } from './channels.ts';
import type { CatalogItem, Channel } from './types.ts';

export interface CatalogChangesOptions {
  readonly table: DeviceTable;
  readonly now: () => number;
  readonly log: Logger;
  /** Changes are gathered for so long; default 500. */
  readonly gatherMs?: number;
}

export interface CatalogChangeCounters {
  /** By event, as they came. */
  readonly received: Readonly<Record<CatalogEvent, number>>;
  /** More than a device's share. */
  readonly dropped: number;
  /** Of channels that are not known, e.g. OFF. */
  readonly unknown: number;
  /** Times that a device's catalogue was changed. */
  readonly applied: number;
}

/** What is to become of one channel. */
interface Outcome {
  readonly removed: boolean;
  readonly item?: CatalogItem;
  /** Absent: as it was. */
  readonly state?: State;
}

type State = Pick<CatalogItem, 'status' | 'fault'>;

const GATHER_MS = 500;
/** As many channels as a catalogue may have. */
const MAX_CHANGES = 50_000;
const MAX_CHANNELS = 50_000;
/** Time for catalogues before the event loop has its turn. */
const SLICE_MS = 15;
/** GB/T 28181 11.3: a channel without picture or with a fault stays in the tree, and is not to be watched. */
const STATES: ReadonlyMap<CatalogEvent, State> = new Map([
  ['ON', { status: 'ON' }],
  ['OFF', { status: 'OFF' }],
  ['VLOST', { status: 'OFF', fault: 'VLOST' }],
  ['DEFECT', { status: 'OFF', fault: 'DEFECT' }],
]);

/** Applies catalogue NOTIFYs, subscribed to or not (GB/T 28181 11.3); a flood of them costs one change in a while. */
export class CatalogChanges {
  readonly #options: CatalogChangesOptions;
  readonly #waiting = new Map<DeviceRecord, Map<string, Outcome>>();
  readonly #received: Record<CatalogEvent, number> = { ON: 0, OFF: 0, VLOST: 0, DEFECT: 0, ADD: 0, DEL: 0, UPDATE: 0 };
  readonly #counts = { dropped: 0, unknown: 0, applied: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CatalogChangesOptions) {
    this.#options = options;
  }

  get counters(): CatalogChangeCounters {
    return { received: { ...this.#received }, ...this.#counts };
  }

  handle({ record, message, method }: DeviceMessage): void {
    // A late part of an answer that nobody waits for any more is no change.
    if (method === 'MESSAGE' && message.root !== 'Notify') return;
    const changes = parseCatalogNotify(message);
    // Told to leave the catalogue alone, for devices that report states that are wrong (quirks 2.3).
    if (changes.length === 0 || record.state.settings.subscriptions?.catalog === false) return;
    let outcomes = this.#waiting.get(record);
    if (outcomes === undefined) this.#waiting.set(record, (outcomes = new Map()));
    for (const change of changes) this.#gather(outcomes, change);
    this.#timer ??= setTimeout(() => this.#flush(), this.#options.gatherMs ?? GATHER_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #gather(outcomes: Map<string, Outcome>, change: CatalogChange): void {
    const { event, item } = change;
    this.#received[event] += 1;
    const before = outcomes.get(item.id);
    if (before === undefined && outcomes.size >= MAX_CHANGES) {
      this.#counts.dropped += 1;
      return;
    }
    const state = STATES.get(event);
    if (event === 'DEL') outcomes.set(item.id, { removed: true });
    else if (state === undefined) outcomes.set(item.id, withItem(change, before));
    else outcomes.set(item.id, { ...(before ?? { removed: false }), state });
  }

  #flush(): void {
    this.#timer = undefined;
    const end = performance.now() + SLICE_MS;
    for (const [record, outcomes] of this.#waiting) {
      this.#waiting.delete(record);
      try {
        this.#apply(record, outcomes);
      } catch (error) {
        this.#options.log.error({ deviceId: record.id, error: errorMessage(error) }, 'catalogue not changed');
      }
      if (performance.now() < end) continue;
      if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#flush(), 1);
      return;
    }
  }

  #apply(record: DeviceRecord, outcomes: ReadonlyMap<string, Outcome>): void {
    const { table, now } = this.#options;
    const changed = new Map<string, Channel>();
    const items: CatalogItem[] = [];
    const removed: string[] = [];
    for (const [id, outcome] of outcomes) {
      const known = record.channels.get(id);
      const { item, state } = outcome;
      if (outcome.removed) {
        if (known !== undefined) removed.push(id);
      } else if (item !== undefined) items.push(withState(item, state ?? known ?? item));
      else if (known === undefined) this.#counts.unknown += 1;
      else if (state !== undefined && (known.status !== state.status || known.fault !== state.fault))
        changed.set(id, withState({ ...known, updatedAt: now() }, state));
    }
    if (items.length > 0 || removed.length > 0) this.#rebuild(record, { items, removed, changed });
    if (changed.size === 0 && removed.length === 0) return;
    this.#counts.applied += 1;
    table.changeChannels(record, [...changed.values()], removed);
  }

  /** The tree is made anew; what stays as it was is not written. */
  #rebuild(
    record: DeviceRecord,
    {
      items,
      removed,
      changed,
    }: { items: readonly CatalogItem[]; removed: readonly string[]; changed: Map<string, Channel> },
  ): void {
    const gone = new Set(removed);
    const room = Math.max(0, MAX_CHANNELS - record.channels.size + gone.size);
    const taken = items.filter(({ id }) => record.channels.has(id));
    const added = items.filter(({ id }) => !record.channels.has(id)).slice(0, room);
    this.#counts.dropped += items.length - taken.length - added.length;
    const kept = Array.from(record.channels.values(), (channel) => changed.get(channel.id) ?? channel);
    const fresh = new Set([...taken, ...added].map(({ id }) => id));
    const told = [...taken.map((item) => withKnown(item, record.channels.get(item.id))), ...added];
    const channels = finish(
      buildChannels(
        record.id,
        told,
        kept.filter(({ id }) => !gone.has(id)),
        this.#options.now(),
      ),
    );
    for (const channel of channels)
      if (fresh.has(channel.id) || differs(channel, record.channels.get(channel.id))) changed.set(channel.id, channel);
  }
}

/** ADD is all of an item; UPDATE may be a part, over what came of the channel a moment before. */
function withItem({ event, item, withoutStatus = false }: CatalogChange, before: Outcome | undefined): Outcome {
  const earlier = event === 'ADD' || before?.removed === true ? undefined : before;
  const state = withoutStatus ? earlier?.state : item;
  const whole = earlier?.item === undefined ? item : { ...earlier.item, ...filled(item, earlier.item) };
  return { removed: false, item: whole, ...(state !== undefined && { state }) };
}

/** Some devices send only what has changed: what is empty in an update stays as it was. */
function withKnown(item: CatalogItem, known: Channel | undefined): CatalogItem {
  if (known === undefined) return item;
  // Not what the operator has set: that is laid over it again.
  const { deviceId: _device, parentId: _parent, kind: _kind, updatedAt: _at, fault: _fault, ...before } = asTold(known);
  return { ...before, ...filled(item, before) };
}

function withState<T extends State>(of: T, { status, fault }: State): T {
  if (of.fault === fault) return { ...of, status };
  const { fault: _before, ...rest } = of;
  return { ...rest, status, ...(fault !== undefined && { fault }) } as T;
}

/** What an update tells, over what was told before. */
function filled(item: CatalogItem, { details }: Pick<CatalogItem, 'details'>): Partial<CatalogItem> {
  const told = Object.fromEntries(Object.entries(item).filter(([, value]) => value !== '' && value !== 0));
  return item.details === undefined ? told : { ...told, details: { ...details, ...item.details } };
}

function differs(channel: Channel, known: Channel | undefined): boolean {
  return known === undefined || channel.parentId !== known.parentId || channel.kind !== known.kind;
}
