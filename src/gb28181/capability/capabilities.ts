import { DeviceRefusedError, DeviceSilentError, EditionError } from '../errors.ts';
import type { DeviceRecord } from '../device/record.ts';
import { isEdition2022 } from '../manscdp/index.ts';
import type { Capability, CapabilityStore, CommandOutcome } from './types.ts';

/** An outcome that stays the same is written again only after this: PTZ moves come by the hundred. */
const REFRESH_MS = 3_600_000;
const NO_STORE: CapabilityStore = { load: () => [], save: () => undefined, deleteDevice: () => undefined };

type Noted = Capability & { readonly savedAt: number };

/** What each device did with each command the last time; the commands are those of the standard, so it is bounded. */
export class Capabilities {
  readonly #store: CapabilityStore;
  readonly #now: () => number;
  /** A handful of each device: a map for each would be the greater part of it. */
  readonly #devices = new Map<string, readonly Noted[]>();

  /** Without a store nothing is kept over a restart. */
  constructor(store: CapabilityStore | undefined, now: () => number) {
    this.#store = store ?? NO_STORE;
    this.#now = now;
    for (const { deviceId, ...capability } of this.#store.load())
      this.#put(deviceId, { ...capability, savedAt: capability.at });
  }

  #of(deviceId: string, command: string): Noted | undefined {
    return this.#devices.get(deviceId)?.find((noted) => noted.command === command);
  }

  /** A list that grows by pushing would keep room for seventeen. */
  #put(deviceId: string, noted: Noted): void {
    const others = this.#devices.get(deviceId)?.filter(({ command }) => command !== noted.command) ?? [];
    this.#devices.set(deviceId, [...others, noted]);
  }

  /** By the name of the command. */
  list(deviceId: string): Capability[] {
    const known = this.#devices.get(deviceId) ?? [];
    const list = known.map(({ command, outcome, at, detail }) => ({ command, outcome, at, detail }));
    return list.toSorted((left, right) => left.command.localeCompare(right.command));
  }

  note(deviceId: string, command: string, outcome: CommandOutcome, detail = ''): void {
    const at = this.#now();
    const last = this.#of(deviceId, command);
    const same = last?.outcome === outcome && last.detail === detail && at - last.savedAt < REFRESH_MS;
    const capability = { command, outcome, at, detail };
    this.#put(deviceId, { ...capability, savedAt: same ? last.savedAt : at });
    if (!same) this.#store.save(deviceId, capability);
  }

  forget(deviceId: string): void {
    if (this.#devices.delete(deviceId)) this.#store.deleteDevice(deviceId);
  }

  /**
   * A command of the 2022 edition goes to a device of the 2016 one only where it was forced, or has been confirmed
   * before: old devices take it with 200 and do nothing, or worse (GB/T 28181 2.13).
   * @throws EditionError
   */
  requireEdition2022(record: DeviceRecord, command: string, force = false): void {
    const { gbVersion } = record.state;
    if (force || isEdition2022(gbVersion)) return;
    if (this.#of(record.id, command)?.outcome === 'confirmed') return;
    throw new EditionError(record.id, command, gbVersion);
  }

  /** Runs a command and remembers what became of it; what says nothing about the device is not remembered. */
  async learn<T>(
    record: DeviceRecord,
    command: string,
    success: 'sent' | 'confirmed',
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      const result = await work();
      this.note(record.id, command, success);
      return result;
    } catch (error) {
      if (error instanceof DeviceRefusedError) this.note(record.id, command, 'refused', error.detail);
      else if (error instanceof DeviceSilentError) this.note(record.id, command, 'unanswered');
      throw error;
    }
  }
}
