import type { Channel, Device } from '../api/types.ts';
import type { CellTarget } from './layout.ts';
import { isPlayable } from './tree.ts';

/** So that one recorder does not take all cells from the cameras that register after it. */
const PER_DEVICE = 2;

/** The cameras that the demo opens by itself. */
export function pickDemoCameras(
  devices: readonly Device[],
  channelsOf: (deviceId: string) => readonly Channel[],
  count: number,
): CellTarget[] {
  return devices
    .filter(({ online, admission }) => online && admission === 'approved')
    .flatMap(({ id }) =>
      channelsOf(id)
        .filter((channel) => isPlayable(channel) && channel.status === 'ON')
        .slice(0, PER_DEVICE)
        .map((channel) => ({ deviceId: id, channelId: channel.id, subStream: 0 })),
    )
    .slice(0, count);
}
