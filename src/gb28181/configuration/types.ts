import type { CommandOptions, CommandTarget, ControlAnswer } from '../control/types.ts';
import type { ConfigType, ConfigValues } from '../manscdp/index.ts';

/** What a device told of its configuration. */
export interface ConfigAnswer {
  readonly values: ConfigValues;
  /** Types that were asked for and are not in the answer: the device does not have them, or did not say. */
  readonly missing: readonly ConfigType[];
  /** False where the device fell silent before it had answered to each type. */
  readonly complete: boolean;
}

export interface DeviceConfigs {
  /**
   * Several types go into one query.
   * @throws DeviceRefusedError where every answer is Result ERROR, and as DeviceQueries
   */
  read(target: CommandTarget, types: readonly ConfigType[], options?: CommandOptions): Promise<ConfigAnswer>;
  /** Writes the fields that are given. @throws as DeviceControls.run */
  write(target: CommandTarget, values: ConfigValues, options?: CommandOptions): Promise<ControlAnswer>;
}
