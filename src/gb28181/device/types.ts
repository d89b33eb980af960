import type { SipProtocol } from '../../sip/index.ts';
import type { Channel } from '../catalogue/types.ts';
import type { DeviceSettings, MediaTransport } from './settings.ts';

export type Admission = 'approved' | 'pending' | 'denied';

export interface Device {
  /** User part of From at registration, normally 20 digits. */
  readonly id: string;
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  readonly online: boolean;
  readonly admission: Admission;
  readonly protocol: SipProtocol;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly userAgent: string;
  /** `X-GB-ver`, `2.0` where absent. */
  readonly gbVersion: string;
  /** Unix ms, 0 = never. */
  readonly registeredAt: number;
  readonly lastSeenAt: number;
  readonly expiresSec: number;
  readonly keepaliveIntervalSec: number;
  readonly keepaliveCount: number;
  readonly channelCount: number;
  /** Why it is offline, e.g. `unregistered`, `keepalive_timeout`, `expired`, `tcp_closed`. */
  readonly offlineReason?: string;
  readonly learnedTransport?: MediaTransport;
  readonly settings: DeviceSettings;
}

/** Persistence of devices and channels; implemented in src/store. Synchronous: SQLite in process. */
export interface DeviceStore {
  loadDevices(): Device[];
  loadChannels(): Channel[];
  saveDevice(device: Device): void;
  deleteDevice(deviceId: string): void;
  /** Upserts; with `sweep`, deletes the device's channels that are not in the list. */
  saveChannels(deviceId: string, channels: readonly Channel[], sweep: boolean): void;
  deleteChannels(deviceId: string, channelIds: readonly string[]): void;
}
