import type { DeviceControl } from '../manscdp/index.ts';

/** Who a command is for: a channel, or the device itself where both are the same. */
export interface CommandTarget {
  readonly deviceId: string;
  readonly channelId: string;
}

export interface CommandOptions {
  /** Sends a command of the 2022 edition to a device of the 2016 one. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a command that was not refused and not left unanswered: those two are errors. */
export interface ControlAnswer {
  /** Name in the standard and in the device's capabilities. */
  readonly command: string;
  readonly outcome: 'sent' | 'confirmed';
}

export interface DeviceControls {
  /**
   * Resolves with `sent` for commands that have no Response (GB/T 28181 4.9), with `confirmed` for a Response OK.
   * @throws DeviceUnknownError, DeviceOfflineError, EditionError, DeviceRefusedError, DeviceSilentError,
   *   DeviceUnreachableError, RequestAbortedError, PendingLimitError
   */
  run(target: CommandTarget, control: DeviceControl, options?: CommandOptions): Promise<ControlAnswer>;
}
