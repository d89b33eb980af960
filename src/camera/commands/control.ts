import { parseDeviceControl } from '../../gb28181/manscdp/device-control.ts';
import type { Manscdp } from '../../gb28181/manscdp/message.ts';
import { decodePtz } from '../../gb28181/ptz.ts';
import type { CommandContext, CommandHandler } from './types.ts';

export const deviceControl: CommandHandler = (command, context) => {
  control(command, context);
  return [];
};

function control(command: Manscdp, { device, effects }: CommandContext): void {
  const received = parseDeviceControl(command);
  if (received === undefined) return;
  // Platforms that know only the device mean its first channel.
  const asked = device.channels.find(({ id }) => id === command.deviceId) ?? device.channels[0];
  const channelId = asked?.id ?? device.id;
  switch (received.kind) {
    case 'ptz': {
      const ptz = decodePtz(received.hex);
      if (typeof ptz !== 'string') effects.onPtz(channelId, ptz);
      return;
    }
    case 'key_frame':
      effects.onKeyFrame(channelId);
      return;
    case 'reboot':
      effects.onReboot();
      return;
  }
}
