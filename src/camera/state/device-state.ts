import type { ConfigType, ConfigValues } from '../../gb28181/manscdp/config-values.ts';
import type { ToldAlarm } from '../../gb28181/manscdp/alarm-query.ts';
import { ChannelState } from './channel-state.ts';
import { DEFAULT_CONFIG } from './default-config.ts';
import { SdCards } from './sd-cards.ts';

/** What is older is forgotten. */
const MAX_ALARMS = 1_000;

/** What a device remembers between commands. */
export class DeviceState {
  readonly sdCards: SdCards;
  /** Set by an upgrade. */
  firmware: string | undefined;
  readonly #alarms: ToldAlarm[] = [];
  readonly #now: () => number;
  /** By DeviceID; only those of this device are asked for. */
  readonly #channels = new Map<string, ChannelState>();
  readonly #configs = new Map<string, ConfigValues>();

  /** `now` in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.sdCards = new SdCards(now);
  }

  /** Oldest first. */
  get alarms(): readonly ToldAlarm[] {
    return this.#alarms;
  }

  addAlarm(alarm: ToldAlarm): void {
    this.#alarms.push(alarm);
    if (this.#alarms.length > MAX_ALARMS) this.#alarms.shift();
  }

  channel(id: string): ChannelState {
    const known = this.#channels.get(id);
    if (known !== undefined) return known;
    const fresh = new ChannelState(this.#now);
    this.#channels.set(id, fresh);
    return fresh;
  }

  config(id: string): ConfigValues {
    return this.#configs.get(id) ?? DEFAULT_CONFIG;
  }

  /** Groups take the fields that are given and keep the others. */
  configure(id: string, values: ConfigValues): void {
    const old = this.config(id);
    const merged = (Object.keys(values) as ConfigType[]).map((type) => [type, mergedValue(old[type], values[type])]);
    this.#configs.set(id, { ...old, ...(Object.fromEntries(merged) as ConfigValues) });
  }
}

/** Lists that are written without anything around them: none of their items says that there is none, their count does. */
const COUNTED = { scheduleCount: 'schedules', textCount: 'texts' } as const;

function mergedValue(old: unknown, value: unknown): unknown {
  const group = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!group || typeof old !== 'object') return value;
  const counts = value as Readonly<Record<string, unknown>>;
  const emptied = Object.entries(COUNTED).filter(([count]) => counts[count] === 0);
  return { ...old, ...Object.fromEntries(emptied.map(([, list]) => [list, undefined])), ...value };
}
