import { shortStreamName } from '../lib/stream-name.ts';
import { channelLabel, deviceLabel } from '../lib/tree.ts';
import { useInventory } from '../stores/inventory.ts';

const CAMERA = /^live\/([^/_\s]{1,64})_([^/_\s]{1,64})(?:_\d{1,2})?$/;

/** A stream's name for people: a camera's name in its catalogue, where it is one's. */
export function useStreamTitle() {
  const inventory = useInventory();
  return (stream: string): string => {
    const [, deviceId = '', channelId = ''] = CAMERA.exec(stream) ?? [];
    const channel = inventory.findChannel(deviceId, channelId);
    if (channel) return channelLabel(channel);
    const device = inventory.devices.get(deviceId);
    return device ? deviceLabel(device) : shortStreamName(stream);
  };
}
