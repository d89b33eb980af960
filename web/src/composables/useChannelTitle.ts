import type { ChannelRef } from '../api/types.ts';
import { channelLabel, deviceLabel } from '../lib/tree.ts';
import { useInventory } from '../stores/inventory.ts';

/** A channel's name for people: that of its catalogue, else its device's, else its ID. */
export function useChannelTitle() {
  const inventory = useInventory();
  return ({ deviceId, channelId }: ChannelRef): string => {
    const channel = inventory.findChannel(deviceId, channelId);
    if (channel) return channelLabel(channel);
    const device = inventory.devices.get(deviceId);
    return device ? deviceLabel(device) : channelId;
  };
}
