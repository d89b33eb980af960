import type { Capabilities } from '../capability/capabilities.ts';
import type { DeviceAccess } from '../device-access.ts';
import type { DeviceRecord } from '../device/record.ts';
import { deviceControl, isEdition2022, type ControlKind, type DeviceControl } from '../manscdp/index.ts';
import { targetId } from './target.ts';
import type { CommandOptions, CommandTarget, ControlAnswer, DeviceControls } from './types.ts';

interface ControlFacts {
  readonly command: string;
  /** The device answers with a Response (GB/T 28181 4.9). */
  readonly answered: boolean;
  /** Only since GB/T 28181-2022. */
  readonly since2022: boolean;
}

/** GB/T 28181 9.2. */
const FACTS: Readonly<Record<ControlKind, ControlFacts>> = {
  ptz: { command: 'PTZCmd', answered: false, since2022: false },
  key_frame: { command: 'IFrameCmd', answered: false, since2022: false },
  reboot: { command: 'TeleBoot', answered: false, since2022: false },
  record: { command: 'RecordCmd', answered: true, since2022: false },
  guard: { command: 'GuardCmd', answered: true, since2022: false },
  alarm_reset: { command: 'AlarmCmd', answered: true, since2022: false },
  drag_zoom: { command: 'DragZoom', answered: false, since2022: false },
  home_position: { command: 'HomePosition', answered: true, since2022: false },
  precise_ptz: { command: 'PTZPreciseCtrl', answered: false, since2022: true },
  upgrade: { command: 'DeviceUpgrade', answered: true, since2022: true },
  format_sd_card: { command: 'FormatSDCard', answered: false, since2022: true },
  target_track: { command: 'TargetTrack', answered: false, since2022: true },
};

/** Sends DeviceControl in the edition of the device and tells what became of it (GB/T 28181 9.1). */
export class Controls implements DeviceControls {
  readonly #access: DeviceAccess;
  readonly #capabilities: Capabilities;

  constructor(access: DeviceAccess, capabilities: Capabilities) {
    this.#access = access;
    this.#capabilities = capabilities;
  }

  async run(target: CommandTarget, control: DeviceControl, options: CommandOptions = {}): Promise<ControlAnswer> {
    const record = this.#access.online(target.deviceId);
    const { command, answered, since2022 } = FACTS[control.kind];
    if (since2022) this.#capabilities.requireEdition2022(record, command, options.force);
    const outcome = answered ? 'confirmed' : 'sent';
    await this.#capabilities.learn(record, command, outcome, () =>
      this.#send(
        record,
        { answered, channelId: targetId(record, target), control: fitted(record, control, options) },
        options,
      ),
    );
    return { command, outcome };
  }

  async #send(
    record: DeviceRecord,
    { answered, channelId, control }: { answered: boolean; channelId: string; control: DeviceControl },
    { signal }: CommandOptions,
  ): Promise<void> {
    const { commander, closing } = this.#access;
    const { gbVersion } = record.state;
    if (answered) {
      await commander.query(record, (sn) => deviceControl(sn, channelId, control, gbVersion), signal ?? closing);
    } else {
      await commander.send(record, deviceControl(commander.nextSn(), channelId, control, gbVersion), signal ?? closing);
    }
  }
}

/** Without the elements that only the 2022 edition has, where the device may stumble over them. */
function fitted(record: DeviceRecord, control: DeviceControl, { force }: CommandOptions): DeviceControl {
  if (force === true || isEdition2022(record.state.gbVersion)) return control;
  if (control.kind === 'ptz') return { kind: 'ptz', hex: control.hex };
  return control.kind === 'record' ? { kind: 'record', on: control.on } : control;
}
