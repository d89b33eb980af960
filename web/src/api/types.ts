// Shapes of /api/v1, docs/protocols/rest.md.

export type MediaTransport = 'tcp-passive' | 'udp' | 'tcp-active';
export type Charset = 'gb18030' | 'utf-8';
export type SubStreamDialect = 'none' | 'stream' | 'streamnumber' | 'streamprofile' | 'streamMode';
export type Admission = 'approved' | 'pending' | 'denied';
export type PlayState = 'opening' | 'playing' | 'failed' | 'closed';
export type ChannelKind = 'video' | 'audio' | 'alarm' | 'region' | 'group' | 'organisation' | 'system' | 'other';

export interface Page<T> {
  readonly items: T[];
  readonly page: number;
  readonly limit: number;
  readonly total: number;
}

export interface Session {
  readonly authRequired: boolean;
  readonly authenticated: boolean;
  readonly username?: string;
  readonly expiresAt?: number;
  readonly version: string;
  readonly demo: boolean;
  /** Paths of the room protocols on this origin. */
  readonly rooms: { readonly meeting: string; readonly call: string };
}

export type QuirkProfile =
  | 'hikvision'
  | 'dahua'
  | 'uniview'
  | 'huawei'
  | 'tp-link'
  | 'unisinsight'
  | 'generic-2022'
  | 'generic';
export type SettingSource = 'own' | 'profile' | 'platform';

/** How a device behaves, where the operator or its profile says so. */
export interface BehaviourSettings {
  readonly sipTransport?: 'auto' | 'udp' | 'tcp';
  readonly mediaTransport?: MediaTransport;
  readonly charset?: Charset;
  readonly mediaAddress?: string;
  readonly ssrcCheck?: 'strict' | 'latch';
  readonly subStreamDialect?: SubStreamDialect;
  readonly requestUriHost?: 'address' | 'domain';
  readonly dateHeader?: boolean;
  readonly timeOffsetSec?: number;
  readonly eventHeader?: 'auto' | 'presence' | 'package-id';
  readonly keepaliveTolerance?: number;
}

export type SubscriptionKind = 'catalog' | 'alarm' | 'mobilePosition' | 'ptzPosition';
/** Kinds that are absent follow the configuration. */
export type WantedSubscriptions = Partial<Readonly<Record<SubscriptionKind, boolean>>>;

export interface DeviceSettings extends BehaviourSettings {
  readonly name?: string;
  readonly quirkProfile?: QuirkProfile;
  readonly subscriptions?: WantedSubscriptions;
  readonly passwordSet: boolean;
}

/** What is in force for a device, and where each value comes from. */
export interface SettingsInForce {
  readonly profile: QuirkProfile;
  readonly effective: BehaviourSettings;
  readonly source: Readonly<Record<keyof BehaviourSettings, SettingSource>>;
}

/** Null puts a setting back to the platform's default. */
export type DeviceSettingsPatch = {
  [K in Exclude<keyof DeviceSettings, 'passwordSet'>]?: DeviceSettings[K] | null;
} & { password?: string | null };

export interface Device {
  readonly id: string;
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  readonly online: boolean;
  readonly offlineReason?: string;
  readonly admission: Admission;
  readonly protocol: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly userAgent: string;
  readonly gbVersion: string;
  readonly registeredAt: number;
  readonly lastSeenAt: number;
  readonly expiresSec: number;
  readonly keepaliveIntervalSec: number;
  readonly keepaliveCount: number;
  readonly channelCount: number;
  readonly learnedTransport?: MediaTransport;
  readonly settings: DeviceSettings;
}

/** The part of a catalogue item that the console shows. */
export interface Channel {
  readonly deviceId: string;
  readonly id: string;
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly parentId: string;
  readonly ipAddress: string;
  readonly status: 'ON' | 'OFF';
  /** Why it is OFF, where the device says so: no video signal, or out of order. */
  readonly fault?: 'VLOST' | 'DEFECT';
  /** WGS-84 degrees; 0 and 0 is nowhere. */
  readonly longitude: number;
  readonly latitude: number;
  readonly ptzType: number;
  /** What else the device tells, by the names of the standard. */
  readonly details?: Readonly<Record<string, string>>;
  readonly kind: ChannelKind;
  /** What the device says, where the operator has set something else. */
  readonly told?: { readonly name: string; readonly longitude: number; readonly latitude: number };
}

/** What the operator sets in place of what the device says; null takes it back. */
export interface ChannelPatch {
  readonly name?: string | null;
  readonly position?: { readonly longitude: number; readonly latitude: number } | null;
}

export interface ChannelRef {
  readonly deviceId: string;
  readonly channelId: string;
}

export type TreeKind = 'devices' | 'regions' | 'business' | 'own';

/** A branch of a tree over all devices; an empty parent makes a root. */
export interface TreeBranch {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly parentId: string;
  readonly channels: readonly ChannelRef[];
}

export interface ChannelTree {
  readonly kind: TreeKind;
  readonly branches: readonly TreeBranch[];
}

/** A group that the operator made. */
export interface Group {
  readonly id: string;
  readonly name: string;
  readonly parentId: string;
  readonly channelCount: number;
}

export interface CatalogResult {
  readonly sumNum: number;
  readonly received: number;
  readonly complete: boolean;
}

export interface PlayFailure {
  readonly code: string;
  readonly message: string;
  readonly sipStatus?: number;
}

export interface TimelineEntry {
  readonly stage: string;
  readonly at: number;
  readonly afterMs: number;
  readonly detail?: string;
  readonly viewerId?: string;
}

export interface Play {
  readonly id: string;
  readonly stream: string;
  readonly deviceId: string;
  readonly channelId: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly state: PlayState;
  readonly failure?: PlayFailure;
  readonly transport?: string;
  readonly callIds: readonly string[];
  readonly timeline: readonly TimelineEntry[];
}

export interface Viewer {
  readonly id: string;
  readonly stream: string;
  readonly remoteAddress: string;
  readonly userAgent: string;
  readonly createdAt: number;
}

/** True = held back from everybody who plays it. */
export interface Muted {
  readonly video: boolean;
  readonly audio: boolean;
}

/** Who sends a publication. */
export interface Publisher {
  readonly id: string;
  readonly remoteAddress: string;
  readonly userAgent: string;
  readonly muted: Muted;
}

/** The part of a running stream that the console shows. */
export interface Stream {
  readonly name: string;
  readonly source: 'camera' | 'publication';
  readonly playId: string;
  readonly deviceId: string;
  readonly channelId: string;
  readonly subStream: number;
  /** Of a sub-stream, by the size of its picture. */
  readonly subStreamChoice?: 'selected' | 'ignored' | 'not_asked' | 'unverified';
  readonly state: PlayState;
  readonly ssrc: string;
  readonly transport?: string;
  readonly createdAt: number;
  readonly video?: { readonly codec: string };
  readonly audio?: { readonly codec: string; readonly playable: boolean };
  readonly viewers: readonly Viewer[];
  readonly readers: readonly Reader[];
  readonly publisher?: Publisher;
}

export type StreamKind = 'camera' | 'webrtc' | 'rtsp' | 'pull';
export type LiveStreamSort = 'createdAt' | 'title' | 'bitrate' | 'viewers';

export interface LiveStreamQuery {
  readonly page: number;
  readonly limit: number;
  readonly search: string;
  readonly kind?: StreamKind | undefined;
  readonly sort: LiveStreamSort;
  readonly reverse: boolean;
}

/** A line of the list of running streams. */
export interface LiveStream {
  readonly name: string;
  readonly title: string;
  readonly kind: StreamKind;
  readonly playId: string;
  readonly deviceId: string;
  readonly channelId: string;
  readonly subStream: number;
  readonly state: PlayState;
  readonly transport?: string;
  readonly createdAt: number;
  readonly video?: { readonly codec: string; readonly width?: number; readonly height?: number };
  readonly audio?: { readonly codec: string; readonly sampleRate: number; readonly channels: number };
  readonly bitrateBps: number;
  readonly fps: number;
  readonly packets: number;
  readonly lost: number;
  readonly viewerCount: number;
  readonly publisher?: Publisher;
}

/** Who watches otherwise than by WebRTC, or a recording. */
export interface Reader {
  readonly id: string;
  readonly protocol: 'rtsp' | 'recording';
  readonly remoteAddress: string;
  readonly userAgent: string;
  readonly createdAt: number;
}

export interface LiveStreamDetail extends LiveStream {
  readonly viewers: readonly Viewer[];
  readonly readers: readonly Reader[];
}

export interface PlayTicket {
  readonly playId: string;
  readonly stream: string;
  readonly whepUrl: string;
  readonly snapshot: Stream;
}

export interface TraceEntry {
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly protocol: string;
  readonly local: string;
  readonly remote: string;
  readonly deviceId: string;
  readonly callId: string;
  readonly summary: string;
  readonly text: string;
  /** So many bytes at the end of a long message were not kept. */
  readonly cutBytes?: number;
}

export interface ConnectInfo {
  readonly serial: string;
  readonly realm: string;
  readonly hosts: readonly string[];
  readonly port: number;
  readonly transports: readonly string[];
  readonly authRequired: boolean;
  readonly password?: string;
  readonly registerExpiresSec: number;
  readonly keepaliveIntervalSec: number;
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

export type RecordingState = 'recording' | 'finished' | 'interrupted' | 'failed';

export interface RecordingFile {
  readonly index: number;
  readonly fileName: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly bytes: number;
  readonly state: 'writing' | 'finished';
}

export interface Recording {
  readonly id: string;
  readonly stream: string;
  readonly state: RecordingState;
  readonly reason?: string;
  readonly message?: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly durationMs: number;
  readonly bytes: number;
  readonly container: 'mp4' | 'webm';
  readonly codecs: readonly string[];
  readonly fileCount: number;
  /** In lists the newest only. */
  readonly files: readonly RecordingFile[];
}

export interface RecordingPage extends Page<Recording> {
  /** Of all that match, not only of this page. */
  readonly totalBytes: number;
}

export interface RecordingQuery {
  readonly page: number;
  readonly limit: number;
  readonly q: string;
  readonly state?: RecordingState | undefined;
  /** Unix ms. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface RecordingRequest {
  readonly stream: string;
  readonly fileName?: string;
  readonly segmentMinutes?: number;
}

export type PullState = 'idle' | 'connecting' | 'playing' | 'failed';
export type PullTransport = 'auto' | 'tcp' | 'udp';

/** A stream that the gateway fetches from an RTSP server. */
export interface Pull {
  readonly name: string;
  /** Without user and password. */
  readonly url: string;
  readonly username: string;
  readonly hasPassword: boolean;
  readonly transport: PullTransport;
  readonly onDemand: boolean;
  readonly state: PullState;
  /** Of this state, Unix ms. */
  readonly since: number;
  readonly failure?: { readonly code: string; readonly message: string };
  readonly nextAttemptAt?: number;
  readonly lower?: 'tcp' | 'udp';
  /** Tracks that are left out. */
  readonly omitted: readonly string[];
}

export interface NewPull {
  readonly name: string;
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly transport: PullTransport;
  readonly onDemand: boolean;
}

export interface PullQuery {
  readonly page: number;
  readonly limit: number;
  readonly search: string;
}
