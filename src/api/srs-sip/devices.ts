import type { Platform } from '../../gb28181/index.ts';
import type { Streams } from '../../stream/index.ts';
import { channelView, deviceView, isVideoChannelId, pseudoChannelView } from './views.ts';

/** Rows 3 to 5: devices and their video channels. */
export class DeviceLists {
  readonly #platform: Platform;
  readonly #streams: Streams;

  constructor(platform: Platform, streams: Streams) {
    this.#platform = platform;
    this.#streams = streams;
  }

  devices(): unknown[] {
    return this.#platform.devices().map(deviceView);
  }

  /** Null for an unknown device, as the original. */
  channelsOf(deviceId: string): unknown[] | null {
    return this.#platform.device(deviceId) === undefined ? null : this.#channels(deviceId);
  }

  channels(): unknown[] {
    return this.#platform.devices().flatMap(({ id }) => this.#channels(id));
  }

  #channels(deviceId: string): unknown[] {
    const device = this.#platform.device(deviceId);
    if (device === undefined) return [];
    const own = this.#platform.channels(deviceId).filter(({ id }) => isVideoChannelId(id));
    const listed = own.map((channel) => channelView(channel, device.online, this.#ssrcOf(deviceId, channel.id)));
    const isChannelOfItself = isVideoChannelId(deviceId) && !own.some(({ id }) => id === deviceId);
    return isChannelOfItself ? [pseudoChannelView(device), ...listed] : listed;
  }

  #ssrcOf(deviceId: string, channelId: string): string {
    return this.#streams.find(`live/${deviceId}_${channelId}`)?.ssrc ?? '';
  }
}
