import type { CommandOptions, CommandTarget } from '../control/types.ts';
import type {
  AlarmConditions,
  CruisePoint,
  CruiseTrack,
  DeviceInfo,
  DeviceStatus,
  HomePosition,
  PositionFacts,
  Preset,
  PtzPositionState,
  SdCard,
  ToldAlarm,
} from '../manscdp/index.ts';

/** An answer in parts (GB/T 28181 7.4). */
export interface ListAnswer<T> {
  readonly items: readonly T[];
  /** Total as announced; the number of items where the device did not tell. */
  readonly sumNum: number;
  /** False where the device fell silent before the last part: what came is here. */
  readonly complete: boolean;
}

export interface CruiseTrackAnswer extends ListAnswer<CruisePoint> {
  readonly number: number;
  readonly name: string;
}

/**
 * Questions to devices. All throw DeviceUnknownError, DeviceOfflineError, DeviceRefusedError, DeviceSilentError,
 * DeviceUnreachableError, RequestAbortedError, PendingLimitError; those of the 2022 edition EditionError.
 */
export interface DeviceQueries {
  info(target: CommandTarget, options?: CommandOptions): Promise<DeviceInfo>;
  status(target: CommandTarget, options?: CommandOptions): Promise<DeviceStatus>;
  presets(target: CommandTarget, options?: CommandOptions): Promise<ListAnswer<Preset>>;
  /** Undefined where the camera has none. */
  homePosition(target: CommandTarget, options?: CommandOptions): Promise<HomePosition | undefined>;
  cruiseTracks(target: CommandTarget, options?: CommandOptions): Promise<ListAnswer<CruiseTrack>>;
  cruiseTrack(target: CommandTarget, number: number, options?: CommandOptions): Promise<CruiseTrackAnswer>;
  ptzPosition(target: CommandTarget, options?: CommandOptions): Promise<PtzPositionState>;
  sdCards(target: CommandTarget, options?: CommandOptions): Promise<ListAnswer<SdCard>>;
  /** What the device has kept of its alarms. An answer that comes as a notification is an alarm too. */
  alarms(target: CommandTarget, conditions?: AlarmConditions, options?: CommandOptions): Promise<ListAnswer<ToldAlarm>>;
  /** Where it is now; what comes is kept as any other position. None: it has no fix. */
  positions(target: CommandTarget, intervalSec: number, options?: CommandOptions): Promise<ListAnswer<PositionFacts>>;
}
