import { channelIds, countUp } from './ids.ts';
import { DeviceState } from './state/device-state.ts';

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
  /** Made when it is first needed: a crowd mostly keeps quiet. */
  readonly state: DeviceState;
}

/** Names in Chinese, so that whoever sees them sees the charset right or wrong. */
const DEFAULT_NAMES = { camera: '虚拟摄像机', recorder: '虚拟录像机', channel: '通道' } as const;

/** `ordinal` counts the devices of a crowd from 1; 0 for a single one. */
function createDevice(id: string, parts: { name?: string; channels: number; ordinal: number }): VirtualDevice {
  const recorder = parts.channels > 1;
  const base = parts.name ?? (recorder ? DEFAULT_NAMES.recorder : DEFAULT_NAMES.camera);
  const name = parts.ordinal === 0 ? base : `${base} ${parts.ordinal}`;
  const channels = channelIds(id, parts.channels).map((channelId, n) => ({
    id: channelId,
    name: recorder ? `${name} ${DEFAULT_NAMES.channel} ${n + 1}` : name,
    deviceId: id,
  }));
  let sn = 0;
  let state: DeviceState | undefined;
  return {
    id,
    name,
    channels,
    nextSn() {
      sn += 1;
      return sn;
    },
    get state() {
      state ??= new DeviceState();
      return state;
    },
  };
}

/** The devices of a process, found by their own IDs or those of their channels. */
export interface DeviceIndex {
  readonly all: readonly VirtualDevice[];
  /** The device with this ID or with a channel of this ID. */
  device(id: string): VirtualDevice | undefined;
  /** The channel of this ID, or the first of the device of this ID. */
  channel(id: string): VirtualChannel | undefined;
}

/** `devices` devices with IDs counted up from `id`. @throws CameraOptionError */
export function createDevices(parts: {
  readonly id: string;
  readonly name?: string;
  readonly channels?: number;
  readonly devices?: number;
}): DeviceIndex {
  const ids = countUp(parts.id, parts.devices ?? 1);
  const all = ids.map((id, n) =>
    createDevice(id, {
      ...(parts.name !== undefined && { name: parts.name }),
      channels: parts.channels ?? 1,
      ordinal: ids.length === 1 ? 0 : n + 1,
    }),
  );
  const devices = new Map(all.map((device) => [device.id, device]));
  const channels = new Map(all.flatMap((device) => device.channels.map((channel) => [channel.id, channel])));
  return {
    all,
    device: (id) => devices.get(id) ?? devices.get(channels.get(id)?.deviceId ?? ''),
    channel: (id) => channels.get(id) ?? devices.get(id)?.channels[0],
  };
}
