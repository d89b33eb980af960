import type { CommandOptions, CommandTarget } from '../control/types.ts';

/**
 * `accepted`: the device took the order; `restarting`: it went offline; `registered`: it is back, its report is to
 * come; `done` and `failed`: the report; `no_report`: none within an hour.
 */
export type UpgradeState = 'accepted' | 'restarting' | 'registered' | 'done' | 'failed' | 'no_report';

/** The latest upgrade of a device (GB/T 28181-2022 9.14). */
export interface Upgrade {
  readonly deviceId: string;
  readonly sessionId: string;
  readonly state: UpgradeState;
  readonly firmware: string;
  /** Unix ms; 0 where the order was given before this gateway started. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** 01 download timeout, 02 package damaged, 03 system fault, 99 other. */
  readonly failedReason?: string;
}

export interface UpgradeOrder {
  readonly firmware: string;
  /** Where the device loads the package from. */
  readonly fileUrl: string;
  readonly manufacturer: string;
}

export interface DeviceUpgrades {
  /** Resolves when the device confirmed the order. @throws UpgradeRunningError, and as DeviceControls.run */
  start(target: CommandTarget, order: UpgradeOrder, options?: CommandOptions): Promise<Upgrade>;
  /** The latest one since this gateway started, if there was one. */
  get(deviceId: string): Upgrade | undefined;
}
