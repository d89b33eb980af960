import { DeviceRefusedError, DeviceSilentError, EditionError } from '../errors.ts';
import type { DeviceRecord } from '../device/record.ts';
import { isEdition2022 } from '../manscdp/index.ts';
import type { Capability, CapabilityStore, CommandOutcome } from './types.ts';

/** An outcome that stays the same is written again only after this: PTZ moves come by the hundred. */
const REFRESH_MS = 3_600_000;
const NO_STORE: CapabilityStore = { load: () => [], save: () => undefined, deleteDevice: () => undefined };

/** What each device did with each command the last time; the commands are those of the standard, so it is bounded. */
export class Capabilities {
  readonly #store: CapabilityStore;
  readonly #now: () => number;
  readonly #devices = new Map<string, Map<string, Capability & { readonly savedAt: number }>>();

  /** Without a store nothing is kept over a restart. */
  constructor(store: CapabilityStore | undefined, now: () => number) {
    this.#store = store ?? NO_STORE;
    this.#now = now;
    for (const { deviceId, ...capability } of this.#store.load())
      this.#of(deviceId).set(capability.command, { ...capability, savedAt: capability.at });
  }

  #of(deviceId: string): Map<string, Capability & { readonly savedAt: number }> {
    const known = this.#devices.get(deviceId);
    if (known !== undefined) return known;
    const fresh = new Map<string, Capability & { readonly savedAt: number }>();
    this.#devices.set(deviceId, fresh);
    return fresh;
  }

  /** By the name of the command. */
  list(deviceId: string): Capability[] {
    const known = this.#devices.get(deviceId)?.values() ?? [];
    const list = Array.from(known, ({ command, outcome, at, detail }) => ({ command, outcome, at, detail }));
    return list.toSorted((left, right) => left.command.localeCompare(right.command));
  }

  note(deviceId: string, command: string, outcome: CommandOutcome, detail = ''): void {
    const at = this.#now();
    const commands = this.#of(deviceId);
    const last = commands.get(command);
    const same = last?.outcome === outcome && last.detail === detail && at - last.savedAt < REFRESH_MS;
    const capability = { command, outcome, at, detail };
    commands.set(command, { ...capability, savedAt: same ? last.savedAt : at });
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
    if (this.#devices.get(record.id)?.get(command)?.outcome === 'confirmed') return;
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
