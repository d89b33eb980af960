import type { Channel } from '../catalogue/types.ts';
import type { ChannelOverride, ChannelRef, OverrideStore } from './types.ts';

const keyOf = ({ deviceId, channelId }: ChannelRef): string => JSON.stringify([deviceId, channelId]);

/** The channel as its device says. */
export function asTold(channel: Channel): Channel {
  if (channel.told === undefined) return channel;
  const { told, ...rest } = channel;
  return { ...rest, ...told };
}

/** Names and positions that the operator has set: they stay whatever catalogues come. */
export class ChannelOverrides {
  readonly #store: OverrideStore | undefined;
  readonly #overrides = new Map<string, ChannelOverride>();

  constructor(store?: OverrideStore) {
    this.#store = store;
    for (const { deviceId, channelId, ...override } of store?.loadOverrides() ?? [])
      this.#overrides.set(keyOf({ deviceId, channelId }), override);
  }

  /** The channel with what the operator has set, and in `told` what the device says. */
  apply(channel: Channel): Channel {
    const own = asTold(channel);
    if (this.#overrides.size === 0) return own;
    const override = this.#overrides.get(keyOf({ deviceId: channel.deviceId, channelId: channel.id }));
    if (override === undefined) return own;
    const { name, longitude, latitude } = own;
    return { ...own, ...override, told: { name, longitude, latitude } };
  }

  /** An empty override takes everything back. */
  set(channel: ChannelRef, override: ChannelOverride): void {
    if (Object.keys(override).length === 0) {
      this.#overrides.delete(keyOf(channel));
      this.#store?.deleteOverride(channel);
    } else {
      this.#overrides.set(keyOf(channel), override);
      this.#store?.saveOverride(channel, override);
    }
  }

  forget(deviceId: string, channelIds: Iterable<string>): void {
    for (const channelId of channelIds) this.#overrides.delete(keyOf({ deviceId, channelId }));
    this.#store?.deleteOverrides(deviceId);
  }
}
