import { parseDeviceControl, type ControlKind, type DeviceControl } from '../../gb28181/manscdp/device-control.ts';
import type { Manscdp } from '../../gb28181/manscdp/message.ts';
import { resultResponse } from '../../gb28181/manscdp/result.ts';
import { decodePtz } from '../../gb28181/ptz.ts';
import type { ChannelState } from '../state/channel-state.ts';
import type { CommandContext, CommandHandler } from './types.ts';
import { upgradeDevice } from './upgrade.ts';

/** Those that a Response follows (GB/T 28181 4.9). */
const ANSWERED: ReadonlySet<ControlKind> = new Set(['record', 'guard', 'alarm_reset', 'home_position', 'upgrade']);
const SINCE_2022: ReadonlySet<ControlKind> = new Set(['precise_ptz', 'upgrade', 'format_sd_card', 'target_track']);

export const deviceControl: CommandHandler = (command, context) => {
  const control = parseDeviceControl(command);
  const { edition, answersControls } = context.behaviour;
  if (control === undefined || (edition === '2016' && SINCE_2022.has(control.kind))) return [];
  const addressed = channelOf(command, context);
  context.effects.onControl(addressed.id, control);
  perform(control, addressed, context);
  return ANSWERED.has(control.kind) && answersControls ? [resultResponse(command, true)] : [];
};

interface Addressed {
  readonly id: string;
  readonly state: ChannelState;
}

/** Platforms that know only the device mean its first channel. */
export function channelOf({ deviceId }: Manscdp, { device }: CommandContext): Addressed {
  const asked = device.channels.find(({ id }) => id === deviceId) ?? device.channels[0];
  const id = asked?.id ?? device.id;
  return { id, state: device.state.channel(id) };
}

function perform(control: DeviceControl, { id, state }: Addressed, context: CommandContext): void {
  const { device, effects, behaviour } = context;
  switch (control.kind) {
    case 'ptz':
      runPtz(control, { id, state }, context);
      return;
    case 'key_frame':
      effects.onKeyFrame(id);
      return;
    case 'reboot':
      effects.onReboot();
      effects.inBackground('restart', () => effects.restart());
      return;
    case 'record':
      state.recording = control.on;
      return;
    case 'guard':
      state.guarded = control.set;
      return;
    case 'home_position':
      if (behaviour.homePosition === 'standard') state.home = control.home;
      return;
    case 'precise_ptz':
      if (behaviour.tellsPosition) state.head.goTo(control.position);
      return;
    case 'drag_zoom':
      dragZoom(control, state);
      return;
    case 'format_sd_card':
      device.state.sdCards.format(control.card);
      return;
    case 'target_track':
      state.tracking = control.mode;
      return;
    case 'upgrade':
      effects.inBackground('upgrade', () => upgradeDevice(control.upgrade, context));
      return;
    case 'alarm_reset':
      return;
  }
}

function runPtz({ hex, ...names }: DeviceControl & { kind: 'ptz' }, { id, state }: Addressed, context: CommandContext) {
  const ptz = decodePtz(hex);
  // GB/T 28181 9.3: a broken command is ignored, no Response exists.
  if (typeof ptz === 'string') return;
  state.run(ptz, names);
  context.effects.onPtz(id, ptz);
}

/** The box becomes the picture: the middle moves there, the zoom is the relation of the widths. */
function dragZoom({ direction, area }: DeviceControl & { kind: 'drag_zoom' }, { head, position }: ChannelState): void {
  const { length, width, midPointX, midPointY, lengthX } = area;
  if (length <= 0 || width <= 0 || lengthX <= 0) return;
  const { pan, tilt, zoom } = head.position;
  const factor = length / lengthX;
  head.goTo({
    pan: pan + (midPointX / length - 0.5) * (position.horizontalFieldAngle ?? 0),
    tilt: tilt + (midPointY / width - 0.5) * (position.verticalFieldAngle ?? 0),
    zoom: direction === 'in' ? zoom * factor : zoom / factor,
  });
}
