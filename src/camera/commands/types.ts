import type { DeviceControl } from '../../gb28181/manscdp/device-control.ts';
import type { Manscdp, ManscdpParts } from '../../gb28181/manscdp/message.ts';
import type { PtzCommand } from '../../gb28181/ptz.ts';
import type { Behaviour } from '../behaviour.ts';
import type { VirtualDevice } from '../device.ts';
import type { Recordings } from '../recordings.ts';
import type { Reports } from '../reports.ts';

/** What a camera that gets a command can do to the rest of itself. */
export interface CommandEffects {
  readonly onControl: (channelId: string, control: DeviceControl) => void;
  readonly onPtz: (channelId: string, command: PtzCommand) => void;
  readonly onKeyFrame: (channelId: string) => void;
  readonly onReboot: () => void;
  /** Goes away and registers again; resolves when it is back. */
  readonly restart: () => Promise<void>;
  /** A message of its own to the platform; resolves with the SIP status. */
  readonly notify: (parts: ManscdpParts) => Promise<number>;
  /** Work that goes on behind the answer; its failure is logged. */
  readonly inBackground: (what: string, work: () => Promise<unknown>) => void;
}

export interface CommandContext {
  readonly device: VirtualDevice;
  readonly localAddress: string;
  readonly sipPort: number;
  readonly catalogBatch: number;
  readonly recordBatch: number;
  readonly recordings: Recordings;
  readonly reports: Reports;
  readonly expiresSec: number;
  readonly keepaliveSec: number;
  readonly behaviour: Behaviour;
  readonly effects: CommandEffects;
}

/** Messages that answer a command, in order; none for what needs no answer (GB/T 28181 4.9). */
export type CommandHandler = (command: Manscdp, context: CommandContext) => ManscdpParts[];
