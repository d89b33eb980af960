import type { EventEmitter } from 'node:events';
import type { SipProtocol } from '../sip/index.ts';
import type { Capability } from './capability/types.ts';
import type { CatalogResult, CatalogScope, Channel } from './catalogue/types.ts';
import type { DeviceConfigs } from './configuration/types.ts';
import type { DeviceControls } from './control/types.ts';
import type { DeviceReportEvents, DeviceReports, ReportsOptions } from './device-reports-types.ts';
import type { DeviceSettings, MediaTransport, SettingsInForce } from './device/settings.ts';
import type { Admission, Device } from './device/types.ts';
import type { ChannelOverride } from './groups/types.ts';
import type { SnapshotFinished } from './manscdp/index.ts';
import type { PtzMove } from './ptz.ts';
import type { DeviceQueries } from './query/types.ts';
import type { Stretch } from './records/stretches.ts';
import type { RecordList, RecordQuery } from './records/types.ts';
import type { LiveInvite, LiveSession, SsrcLease } from './session/types.ts';
import type { SipCounters, TraceEntry, TraceFilter } from './sip-types.ts';
import type { DeviceUpgrades } from './upgrade/types.ts';

export type * from './alarm/types.ts';
export type * from './catalogue/types.ts';
export type * from './device-reports-types.ts';
export type * from './device/types.ts';
export type * from './position/types.ts';
export type * from './records/types.ts';
export type * from './session/types.ts';
export type * from './sip-types.ts';
export type * from './subscription/types.ts';
export type { QuirkProfileName } from './device/quirk-profiles.ts';
export type { Charset, DeviceSettings, MediaTransport, SettingsInForce, SubStreamDialect } from './device/settings.ts';
export type { PtzDirection, PtzMove } from './ptz.ts';

export type PlatformEvents = {
  deviceOnline: [device: Device];
  deviceOffline: [device: Device];
  /** Any other change: name, address, settings, admission. */
  deviceChanged: [device: Device];
  deviceRemoved: [deviceId: string];
  catalogChanged: [deviceId: string, result: CatalogResult];
  /** A device has uploaded the pictures that it was told to take, as far as it could. */
  snapshotFinished: [deviceId: string, finished: SnapshotFinished];
  trace: [entry: TraceEntry];
} & DeviceReportEvents;

/** The platform side towards devices. Errors are GatewayError with stable codes. */
export interface Platform extends EventEmitter<PlatformEvents> {
  readonly serial: string;
  readonly realm: string;
  readonly listening: ReadonlyArray<{
    readonly protocol: SipProtocol;
    readonly address: string;
    readonly port: number;
  }>;
  readonly counters: SipCounters;
  readonly reports: DeviceReports;
  devices(): Device[];
  device(id: string): Device | undefined;
  /** Channels of one device, or of all. */
  channels(deviceId?: string): Channel[];
  channel(deviceId: string, channelId: string): Channel | undefined;
  /** First device that has this channel (or is it); srs-sip clients sometimes know only the channel. */
  findChannel(channelId: string): Channel | undefined;
  updateSettings(deviceId: string, settings: DeviceSettings): Device;
  /** What is in force for a device and where it comes from; the platform's defaults for an unknown one. */
  settingsInForce(deviceId: string): SettingsInForce;
  /** Name and position in place of the device's; empty takes all back. @throws ChannelUnknownError */
  overrideChannel(deviceId: string, channelId: string, override: ChannelOverride): Channel;
  setAdmission(deviceId: string, admission: Admission): Device;
  /** Forgets an offline device and its channels. */
  removeDevice(deviceId: string): boolean;
  /** With a scope the channels outside of it stay as they are. */
  refreshCatalog(deviceId: string, signal?: AbortSignal, scope?: CatalogScope): Promise<CatalogResult>;
  refreshInfo(deviceId: string, signal?: AbortSignal): Promise<Device>;
  readonly controls: DeviceControls;
  readonly queries: DeviceQueries;
  readonly configs: DeviceConfigs;
  readonly upgrades: DeviceUpgrades;
  /** What became of each command that this device has got, the last time. @throws DeviceUnknownError */
  capabilities(deviceId: string): Capability[];
  /**
   * What a device has recorded of a channel; marked where parts are missing.
   * @throws EditionError, DeviceOfflineError, DeviceSilentError, DeviceRefusedError, DeviceUnreachableError, RequestAbortedError
   */
  records(query: RecordQuery, signal?: AbortSignal): Promise<RecordList>;
  /** Of the last complete list, without asking; empty: it does not cover the range, or nothing is recorded. */
  recordedStretches(query: RecordQuery): Stretch[];
  /** Resolves when the device answered the MESSAGE with 200: sent, not done (GB/T 28181 4.9). */
  ptz(deviceId: string, channelId: string, move: PtzMove): Promise<void>;
  requestKeyFrame(deviceId: string, channelId: string): Promise<void>;
  reserveSsrc(kind: 'live' | 'history'): SsrcLease;
  /** Address for the SDP: device override, configured media address, else the local side of the route to it. Never a wildcard. */
  mediaAddress(deviceId: string): Promise<string>;
  /** Media transports to try in order: fixed one, else learned first, then the defaults. */
  mediaTransports(deviceId: string): readonly MediaTransport[];
  rememberTransport(deviceId: string, transport: MediaTransport): void;
  /** Any sign of life that did not come by SIP, e.g. RTP (quirks P8). */
  touch(deviceId: string): void;
  /** @throws DeviceOfflineError, InviteRejectedError (`invite_rejected`, with `status`), InviteTimeoutError, InviteAbortedError */
  invite(options: LiveInvite): Promise<LiveSession>;
  trace(filter: TraceFilter): TraceEntry[];
  /** BYEs every dialog, then closes the SIP engine. */
  close(): Promise<void>;
}

export interface PlatformOptions {
  /** 20-digit platform ID. */
  readonly serial: string;
  /** Digest realm and SIP domain, normally the first ten digits. */
  readonly realm: string;
  readonly listenAddress: string;
  /** Second address for IPv6, e.g. `::`; absent = IPv4 only. */
  readonly listenAddress6?: string;
  readonly port: number;
  readonly advertisedHost?: string;
  /** `media.address` of the configuration; absent = route-dependent. */
  readonly mediaAddress?: string;
  readonly auth: {
    readonly enable: boolean;
    readonly password: string;
    readonly algorithms: ReadonlyArray<'MD5' | 'SHA-256'>;
  };
  readonly admission: 'open' | 'approve';
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** REGISTER per source address, or /64 of IPv6, and minute; 0 = no limit. */
  readonly registerRatePerMinute: number;
  readonly dateHeader: boolean;
  readonly keepaliveTimeoutMinSec: number;
  readonly defaultTransports: readonly MediaTransport[];
  readonly inviteTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly traceEntries: number;
  /** Of these so many of one device. */
  readonly traceEntriesPerDevice: number;
  readonly reports: ReportsOptions;
}
