import { channelIds } from './ids.ts';

export interface VirtualChannel {
  readonly id: string;
  readonly name: string;
  readonly deviceId: string;
}

/** What a device is before it talks to anybody. */
export interface VirtualDevice {
  readonly id: string;
  readonly name: string;
  readonly channels: readonly VirtualChannel[];
  /** SN of its next MANSCDP command (GB/T 28181 4.1). */
  nextSn(): number;
}

/** Names in Chinese, so that whoever sees them sees the charset right or wrong. */
const DEFAULT_NAMES = { camera: '虚拟摄像机', recorder: '虚拟录像机', channel: '通道' } as const;

/** `ordinal` counts the devices of a crowd from 1; 0 for a single one. */
export function createDevice(id: string, parts: { name?: string; channels: number; ordinal: number }): VirtualDevice {
  const recorder = parts.channels > 1;
  const base = parts.name ?? (recorder ? DEFAULT_NAMES.recorder : DEFAULT_NAMES.camera);
  const name = parts.ordinal === 0 ? base : `${base} ${parts.ordinal}`;
  const channels = channelIds(id, parts.channels).map((channelId, n) => ({
    id: channelId,
    name: recorder ? `${name} ${DEFAULT_NAMES.channel} ${n + 1}` : name,
    deviceId: id,
  }));
  let sn = 0;
  return {
    id,
    name,
    channels,
    nextSn() {
      sn += 1;
      return sn;
    },
  };
}
