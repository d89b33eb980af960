import { randomBytes } from 'node:crypto';
import type { CommandOptions, CommandTarget, DeviceControls } from '../control/types.ts';
import type { DeviceRecord } from '../device/record.ts';
import { UpgradeRunningError } from '../errors.ts';
import type { DeviceUpgradeResult } from '../manscdp/index.ts';
import type { DeviceUpgrades, Upgrade, UpgradeOrder, UpgradeState } from './types.ts';

/** Behind it a report is not waited for any more. */
const MAX_WAIT_MS = 3_600_000;
const ENDED: ReadonlySet<UpgradeState> = new Set(['done', 'failed', 'no_report']);

/** Upgrades under way: ordered, restarted, registered again, reported (GB/T 28181-2022 9.14). One for each device. */
export class Upgrades implements DeviceUpgrades {
  readonly #controls: DeviceControls;
  readonly #now: () => number;
  readonly #latest = new Map<string, Upgrade>();

  constructor(controls: DeviceControls, now: () => number) {
    this.#controls = controls;
    this.#now = now;
  }

  async start(target: CommandTarget, order: UpgradeOrder, options?: CommandOptions): Promise<Upgrade> {
    const { deviceId } = target;
    const running = this.get(deviceId);
    if (running !== undefined && !ENDED.has(running.state)) throw new UpgradeRunningError(deviceId, running.state);
    const sessionId = randomBytes(16).toString('hex');
    const upgrade: Upgrade = {
      deviceId,
      sessionId,
      state: 'accepted',
      firmware: order.firmware,
      startedAt: this.#now(),
    };
    // Before the order: the device may report sooner than it confirms.
    const before = this.#latest.get(deviceId);
    this.#latest.set(deviceId, upgrade);
    try {
      await this.#controls.run(target, { kind: 'upgrade', upgrade: { ...order, sessionId } }, options);
    } catch (error) {
      if (before === undefined) this.#latest.delete(deviceId);
      else this.#latest.set(deviceId, before);
      throw error;
    }
    return this.get(deviceId) ?? upgrade;
  }

  get(deviceId: string): Upgrade | undefined {
    const upgrade = this.#latest.get(deviceId);
    if (upgrade === undefined || ENDED.has(upgrade.state)) return upgrade;
    return this.#now() - upgrade.startedAt > MAX_WAIT_MS ? { ...upgrade, state: 'no_report' } : upgrade;
  }

  offline(deviceId: string): void {
    this.#move(deviceId, ['accepted', 'registered'], 'restarting');
  }

  online(deviceId: string): void {
    this.#move(deviceId, ['restarting'], 'registered');
  }

  forget(deviceId: string): void {
    this.#latest.delete(deviceId);
  }

  /** DeviceUpgradeResult; one whose order is not known counts as well: this gateway may have been restarted. */
  take({ id }: DeviceRecord, result: DeviceUpgradeResult): void {
    const { sessionId, ok, firmware, failedReason } = result;
    const known = this.#latest.get(id);
    if (known !== undefined && known.sessionId !== sessionId && !ENDED.has(known.state)) return;
    this.#latest.set(id, {
      deviceId: id,
      sessionId,
      state: ok ? 'done' : 'failed',
      firmware: firmware || (known?.firmware ?? ''),
      startedAt: known?.sessionId === sessionId ? known.startedAt : 0,
      endedAt: this.#now(),
      ...(!ok && { failedReason }),
    });
  }

  #move(deviceId: string, from: readonly UpgradeState[], state: UpgradeState): void {
    const upgrade = this.#latest.get(deviceId);
    if (upgrade !== undefined && from.includes(upgrade.state)) this.#latest.set(deviceId, { ...upgrade, state });
  }
}
