/**
 * What became of a command. `sent`: the device took the message (SIP 200), more is never answered to this command.
 * `confirmed`: it answered as the standard wants. `refused`: Result ERROR or a SIP status. `unanswered`: taken, and
 * the answer did not come (GB/T 28181 4.9).
 */
export type CommandOutcome = 'sent' | 'confirmed' | 'refused' | 'unanswered';

/** What is known of one command of one device. */
export interface Capability {
  /** Element or CmdType as in the standard, `DeviceConfig/OSDConfig` for a type of configuration. */
  readonly command: string;
  readonly outcome: CommandOutcome;
  /** Unix ms. */
  readonly at: number;
  /** Of a refusal; else empty. */
  readonly detail: string;
}

/** Persistence; implemented in src/store. Synchronous: SQLite in process. */
export interface CapabilityStore {
  load(): Array<Capability & { readonly deviceId: string }>;
  save(deviceId: string, capability: Capability): void;
  deleteDevice(deviceId: string): void;
}
