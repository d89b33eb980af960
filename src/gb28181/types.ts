import type { EventEmitter } from 'node:events';
import type { SipProtocol } from '../sip/index.ts';
import type { DeviceReportEvents, DeviceReports, ReportsOptions } from './device-reports-types.ts';
import type { Capability } from './capability/types.ts';
import type { DeviceConfigs } from './configuration/types.ts';
import type { DeviceControls } from './control/types.ts';
import type { SnapshotFinished } from './manscdp/index.ts';
import type { DeviceQueries } from './query/types.ts';
import type { Stretch } from './records/stretches.ts';
import type { DeviceUpgrades } from './upgrade/types.ts';
import type { ChannelOverride } from './groups/types.ts';
import type { DeviceSettings, MediaTransport, SettingsInForce } from './device/settings.ts';

export type * from './alarm/types.ts';
export type * from './device-reports-types.ts';
export type * from './position/types.ts';
export type * from './subscription/types.ts';
export type { QuirkProfileName } from './device/quirk-profiles.ts';
export type { Charset, DeviceSettings, MediaTransport, SettingsInForce, SubStreamDialect } from './device/settings.ts';

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

/** Why a channel that is OFF has no picture (GB/T 28181 11.3): no video signal, or out of order. */
export type ChannelFault = 'VLOST' | 'DEFECT';

/** One catalogue item as sent (GB/T 28181 7.3); texts empty and numbers 0 where absent. */
export interface CatalogItem {
  readonly id: string;
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly owner: string;
  readonly civilCode: string;
  readonly block: string;
  readonly address: string;
  readonly parental: number;
  /** ParentID as sent, e.g. `a/b`. */
  readonly parentIdText: string;
  readonly businessGroupId: string;
  readonly safetyWay: number;
  readonly registerWay: number;
  readonly secrecy: number;
  readonly ipAddress: string;
  readonly port: number;
  readonly status: 'ON' | 'OFF';
  /** Absent: none told. */
  readonly fault?: ChannelFault;
  readonly longitude: number;
  readonly latitude: number;
  readonly ptzType: number;
  readonly resolution: string;
  readonly downloadSpeed: string;
  readonly streamNumbers: string;
  /** What else it tells, by the standard's names, e.g. `DirectionType`; absent: nothing. */
  readonly details?: Readonly<Record<string, string>>;
  /** Sent in a SensorCatalog (Uniview): not every item of it is a camera. */
  readonly sensor?: boolean;
}

/** A catalogue item of a device and what the platform makes of it. */
export interface Channel extends Omit<CatalogItem, 'sensor'> {
  readonly deviceId: string;
  /** Resolved parent inside this device's tree; the device's id for a root. Never a cycle. */
  readonly parentId: string;
  readonly kind: 'video' | 'audio' | 'alarm' | 'region' | 'group' | 'organisation' | 'system' | 'other';
  readonly updatedAt: number;
  /** What the device says, where the operator has set a name or a position of his own. */
  readonly told?: Pick<CatalogItem, 'name' | 'longitude' | 'latitude'>;
}

/** What a RecordInfo query asks for (GB/T 28181 8.1). */
export interface RecordQuery {
  readonly deviceId: string;
  readonly channelId: string;
  /** Unix ms. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Absent = all. */
  readonly type?: RecordItem['type'];
  readonly filePath?: string;
  /** Where it was recorded; a part is enough. */
  readonly address?: string;
  /** 1 is secret; absent = 0. */
  readonly secrecy?: number;
  /** Who triggered it. */
  readonly recorderId?: string;
  /** 1: the domain looks in its centre and at the device (8.6); absent = at the device. */
  readonly indistinctQuery?: number;
  /** These three are of the 2022 edition: codes of 10.3, several joined by a slash. */
  readonly streamNumber?: number;
  readonly alarmMethod?: string;
  readonly alarmType?: string;
  /** Sends what only the 2022 edition has to a device of the 2016 one. */
  readonly force?: boolean;
}

/** Which part of a catalogue is asked for (GB/T 28181 7.1). */
export interface CatalogScope {
  /** A region, system, business group or virtual organisation; absent: all of the device. */
  readonly id?: string;
  /** Unix ms; only what was added between. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** One recording of a device (GB/T 28181 8.2); texts empty and numbers 0 where absent. */
export interface RecordItem {
  readonly channelId: string;
  readonly name: string;
  readonly filePath: string;
  readonly address: string;
  /** Unix ms; the wire has Beijing time. */
  readonly startMs: number;
  readonly endMs: number;
  readonly secrecy: number;
  readonly type: 'time' | 'alarm' | 'manual' | 'all';
  readonly recorderId: string;
  /** Bytes. */
  readonly fileSize: number;
  readonly recordLocation: string;
  readonly streamNumber: number;
}

/** A stretch of time that is recorded without a break. */
export interface RecordSegment {
  readonly startMs: number;
  readonly endMs: number;
  /** `alarm` where an alarm recording lies in it. */
  readonly type: RecordItem['type'];
}

/** What a device has recorded in a range of time. */
export interface RecordList {
  readonly deviceId: string;
  readonly channelId: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** As the device announced it. */
  readonly sumNum: number;
  /** Everything announced arrived. */
  readonly complete: boolean;
  /** By start; clipped to the range. */
  readonly items: readonly RecordItem[];
  /** Items that overlap or touch, joined. */
  readonly segments: readonly RecordSegment[];
}

export interface CatalogResult {
  readonly sumNum: number;
  readonly received: number;
  /** All SumNum items arrived; only then vanished channels are swept. */
  readonly complete: boolean;
}

export type PtzDirection =
  | 'stop'
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'upleft'
  | 'upright'
  | 'downleft'
  | 'downright'
  | 'zoomin'
  | 'zoomout';

export interface PtzMove {
  readonly direction: PtzDirection;
  /** 0-255, pan and tilt. */
  readonly speed: number;
  /** 0-15; default speed / 16. */
  readonly zoomSpeed?: number;
}

/** A number in use in this SIP domain until released (GB/T 28181 13.4). */
export interface SsrcLease {
  readonly value: number;
  /** Ten digits. */
  readonly text: string;
  release(): void;
}

/** Recorded material instead of the live picture (GB/T 28181 13.7). */
export interface HistoryInvite {
  readonly kind: 'playback' | 'download';
  /** Unix seconds. */
  readonly fromSec: number;
  readonly toSec: number;
  /** Times the speed of play, of `s=Download`; a playback that has it is asked for by that, too. */
  readonly downloadSpeed?: number;
}

export interface LiveInvite {
  readonly deviceId: string;
  readonly channelId: string;
  readonly subStream: number;
  /** Absent = live. */
  readonly history?: HistoryInvite;
  readonly ssrc: SsrcLease;
  readonly transport: MediaTransport;
  readonly mediaAddress: string;
  readonly mediaPort: number;
  readonly signal?: AbortSignal;
  /** Resolves when media for this INVITE arrives: it stands in for a 200 that never comes (quirks 2.1). */
  readonly firstPacket?: Promise<unknown>;
  readonly onProgress?: (stage: 'invite_sent' | 'trying' | 'ringing' | 'ok', detail: string, callId: string) => void;
}

export interface MediaAnswer {
  readonly address: string;
  readonly port: number;
  /** Numeric `y=`; absent where missing or zero. */
  readonly ssrc?: number;
  readonly payloads: ReadonlyArray<{ readonly payloadType: number; readonly encoding: string }>;
  readonly setup?: 'active' | 'passive';
  /** `a=filesize`, bytes; absent where missing or 0. */
  readonly fileSize?: number;
  readonly sdp: string;
}

/** What a player asks of a device that plays a recording: speed, place, or both; a pause. */
export interface PlaybackControl {
  readonly method: 'play' | 'pause';
  /** Negative plays backwards; absent: as before. */
  readonly scale?: number;
  /** Seconds from the start of the INVITE's range; absent: go on from here. */
  readonly nptSec?: number;
}

/** `device_rejected`: packets were taken for the answer, then the device refused the INVITE. */
export type LiveSessionEnd = 'device_bye' | 'device_rejected' | 'local_bye' | 'device_offline' | 'lost';

export type LiveSessionEvents = {
  /** The answer of a session that was there without one, when it comes after all. */
  answered: [answer: MediaAnswer];
  /** The recording has been sent to its end (MediaStatus 121); the session waits for a BYE. */
  fileEnded: [];
  ended: [reason: LiveSessionEnd];
};

/** An INVITE dialog with a device. */
export interface LiveSession extends EventEmitter<LiveSessionEvents> {
  readonly callId: string;
  /** What the offer leads to expect, where packets came and no answer. */
  readonly answer: MediaAnswer;
  readonly ended: boolean;
  /** False: the device has refused MANSRTSP as such before, or has not answered it lately. */
  readonly takesControl: boolean;
  /**
   * MANSRTSP in an INFO inside the dialog; resolves when the device has agreed.
   * @throws DeviceRefusedError, DeviceSilentError, DeviceUnreachableError
   */
  control(control: PlaybackControl): Promise<void>;
  /** Idempotent, never rejects. Does not release the SSRC. */
  bye(): Promise<void>;
}

/** One SIP message of the trace ring, newest last; text is capped and Authorization redacted. */
export interface TraceEntry {
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly protocol: SipProtocol;
  /** `address:port` of our side; the address is a wildcard where the socket is bound to one. */
  readonly local: string;
  readonly remote: string;
  readonly deviceId: string;
  readonly callId: string;
  /** First line, e.g. `INVITE sip:…` or `200 OK (INVITE)`. */
  readonly summary: string;
  /** Latin-1: a character is a byte of the message. */
  readonly text: string;
  /** So many bytes of a long message are not kept; absent where `text` is all of it. */
  readonly cutBytes?: number;
}

/** What is wanted of the trace; all conditions together. */
export interface TraceFilter {
  readonly callIds?: readonly string[];
  readonly deviceId?: string;
  readonly direction?: 'in' | 'out';
  /** Of the request, also for its responses. */
  readonly method?: string;
  /** Anywhere in the message, in any case. */
  readonly text?: string;
  /** Unix ms. */
  readonly since?: number;
  /** The latest so many. */
  readonly limit?: number;
}

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

export interface SipCounters {
  /** Requests in by `METHOD status`, e.g. `REGISTER 401`. */
  readonly requestsIn: Readonly<Record<string, number>>;
  readonly requestsOut: Readonly<Record<string, number>>;
  readonly malformed: Readonly<Record<string, number>>;
  readonly transactions: number;
  readonly dialogs: number;
  readonly connections: number;
  /** TCP connections that were not taken, or cut off, by reason. */
  readonly refusedConnections: Readonly<Record<string, number>>;
  /** Queries and controls that wait for the device's Response. */
  readonly pending: number;
}

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
  /** REGISTER per source address and minute; 0 = no limit. */
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
