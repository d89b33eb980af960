import { call } from './http.ts';
import type { AlarmFacts, AlarmFilter } from './reports.ts';
import type { Page } from './types.ts';

/** A channel, or a device as its own channel. */
export interface ControlTarget {
  readonly deviceId: string;
  readonly channelId: string;
}

/** `confirmed`: the device answered OK; `sent`: the command has no answer in the standard. */
export interface ControlAnswer {
  readonly command: string;
  readonly outcome: 'sent' | 'confirmed';
}

export interface ListAnswer<T> {
  readonly items: readonly T[];
  readonly sumNum: number;
  readonly complete: boolean;
}

export interface Preset {
  readonly id: string;
  readonly name: string;
}

export interface CruiseTrack {
  readonly number: number;
  readonly name: string;
}

export interface CruiseTrackPoints extends CruiseTrack {
  readonly items: ReadonlyArray<{
    readonly presetIndex: number;
    /** Seconds. */
    readonly stayTime: number;
    readonly speed: number;
  }>;
  readonly sumNum: number;
  readonly complete: boolean;
}

export interface HomePosition {
  readonly enabled?: boolean;
  /** Seconds. */
  readonly resetTime?: number;
  readonly presetIndex?: number;
}

/** Of those that the device itself has kept. */
export type KeptAlarm = Omit<AlarmFacts, 'deviceId'>;

/** Where something is, as it answers. */
export interface MobilePosition {
  readonly id: string;
  /** Unix ms, by the device's clock; absent where it cannot be read. */
  readonly at?: number;
  /** WGS-84 degrees. */
  readonly longitude: number;
  readonly latitude: number;
  /** km/h. */
  readonly speed?: number;
  /** Degrees clockwise from north. */
  readonly direction?: number;
  /** Metres; `height` is above the ground. */
  readonly altitude?: number;
  readonly height?: number;
}

export interface SdCard {
  readonly id?: number;
  readonly name?: string;
  readonly status?: 'ok' | 'formatting' | 'unformatted' | 'idle' | 'error';
  /** Percent. */
  readonly formatProgress?: number;
  /** Megabytes. */
  readonly capacity?: number;
  readonly freeSpace?: number;
}

export interface DeviceState {
  readonly online: boolean;
  readonly status: string;
  readonly encode: string;
  readonly record: string;
  readonly deviceTime: string;
  readonly reason: string;
  readonly alarms: ReadonlyArray<{ readonly deviceId: string; readonly dutyStatus: string }>;
}

export interface DeviceInfo {
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  readonly channels?: number;
}

export interface Upgrade {
  readonly state: 'accepted' | 'restarting' | 'registered' | 'done' | 'failed' | 'no_report';
  readonly firmware: string;
  readonly failedReason?: string;
}

export interface Capability {
  readonly command: string;
  readonly outcome: 'sent' | 'confirmed' | 'refused' | 'unanswered';
  readonly at: number;
  readonly detail: string;
}

export interface ConfigAnswer {
  readonly values: Readonly<Record<string, unknown>>;
  readonly missing: readonly string[];
  readonly complete: boolean;
}

export interface Snapshot {
  readonly id: string;
  readonly at: number;
}

export interface SnapshotSession {
  readonly id: string;
  readonly state: 'waiting' | 'complete' | 'partial' | 'failed';
  readonly snapshots: readonly Snapshot[];
}

export type CruiseCommand =
  | { readonly action: 'add'; readonly preset: number; readonly name?: string }
  | { readonly action: 'remove'; readonly preset: number }
  | { readonly action: 'clear' | 'start' | 'stop' }
  | { readonly action: 'speed'; readonly speed: number }
  | { readonly action: 'dwell'; readonly seconds: number };

export type ScanCommand =
  | { readonly action: 'start' | 'stop' | 'left-limit' | 'right-limit' }
  | { readonly action: 'speed'; readonly speed: number };

/** A box in a picture by its middle and its size, from the top left, in pixels of the picture as it is shown. */
export interface PictureArea {
  /** Of the picture, across. */
  readonly length: number;
  /** Of the picture, down. */
  readonly width: number;
  readonly midPointX: number;
  readonly midPointY: number;
  readonly lengthX: number;
  readonly lengthY: number;
}

/** Degrees; `tilt` is positive downwards, `zoom` a factor. */
export interface PrecisePosition {
  readonly pan?: number;
  readonly tilt?: number;
  readonly zoom?: number;
}

export interface PtzPosition extends PrecisePosition {
  readonly horizontalFieldAngle?: number;
  readonly verticalFieldAngle?: number;
  /** Metres. */
  readonly maxViewDistance?: number;
}

export type TrackOrder = { readonly mode: 'Auto' | 'Stop' } | { readonly mode: 'Manual'; readonly area: PictureArea };

const device = (id: string) => `/devices/${encodeURIComponent(id)}`;
const channel = ({ deviceId, channelId }: ControlTarget) =>
  `${device(deviceId)}/channels/${encodeURIComponent(channelId)}`;
/** `force` sends what the 2022 edition has to a device that registered with an older one. */
const forced = (force: boolean) => (force ? { query: { force } } : {});
const post = (path: string, body?: unknown, force = false) =>
  call<ControlAnswer>('POST', path, { ...(body === undefined ? {} : { body }), ...forced(force) });

export interface LensMove {
  readonly focus?: 'near' | 'far';
  readonly iris?: 'open' | 'close';
  /** 0-255. */
  readonly focusSpeed?: number;
  readonly irisSpeed?: number;
}

/** Without focus and iris it is the stop. */
export const sendLens = (target: ControlTarget, body: LensMove) =>
  call<ControlAnswer>('POST', `${channel(target)}/lens`, {
    body,
    keepalive: body.focus === undefined && body.iris === undefined,
  });
export const switchAuxiliary = (target: ControlTarget, number: number, on: boolean) =>
  post(`${channel(target)}/auxiliaries/${number}`, { on });

export const listPresets = (target: ControlTarget) => call<ListAnswer<Preset>>('GET', `${channel(target)}/presets`);
export const setPreset = (target: ControlTarget, number: number, name: string) =>
  post(`${channel(target)}/presets/${number}`, name === '' ? {} : { name });
export const callPreset = (target: ControlTarget, number: number) => post(`${channel(target)}/presets/${number}/call`);
export const deletePreset = (target: ControlTarget, number: number) =>
  call<ControlAnswer>('DELETE', `${channel(target)}/presets/${number}`);

export const sendCruise = (target: ControlTarget, group: number, body: CruiseCommand) =>
  post(`${channel(target)}/cruises/${group}`, body);
export const listCruiseTracks = (target: ControlTarget) =>
  call<ListAnswer<CruiseTrack>>('GET', `${channel(target)}/cruise-tracks`);
export const readCruiseTrack = (target: ControlTarget, number: number) =>
  call<CruiseTrackPoints>('GET', `${channel(target)}/cruise-tracks/${number}`);

export const sendScan = (target: ControlTarget, group: number, body: ScanCommand) =>
  post(`${channel(target)}/scans/${group}`, body);

export const dragZoom = (target: ControlTarget, direction: 'in' | 'out', area: PictureArea) =>
  post(`${channel(target)}/drag-zoom`, { direction, area });
export const trackTarget = (target: ControlTarget, body: TrackOrder, force = false) =>
  post(`${channel(target)}/target-track`, body, force);
export const readPtzPosition = (target: ControlTarget, force = false) =>
  call<PtzPosition>('GET', `${channel(target)}/ptz-position`, forced(force));
export const setPtzPosition = (target: ControlTarget, body: PrecisePosition, force = false) =>
  post(`${channel(target)}/ptz-position`, body, force);

export const readHomePosition = (target: ControlTarget, force = false) =>
  call<HomePosition>('GET', `${channel(target)}/home-position`, forced(force));
export const setHomePosition = (target: ControlTarget, body: HomePosition, force = false) =>
  post(`${channel(target)}/home-position`, body, force);

export const readState = (deviceId: string) => call<DeviceState>('GET', `${device(deviceId)}/status`);
export const readDeviceInfo = (deviceId: string) => call<DeviceInfo>('GET', `${device(deviceId)}/info`);
export const askKeyFrame = (target: ControlTarget) => post(`${channel(target)}/key-frame`);
export const reboot = (deviceId: string) => post(`${device(deviceId)}/reboot`);
/** `streamNumber`: 0 is the main stream; absent = the device's own choice. */
export const switchRecord = (target: ControlTarget, on: boolean, streamNumber?: number) =>
  post(`${channel(target)}/record`, { on, ...(streamNumber !== undefined && { streamNumber }) });
export const switchGuard = (target: ControlTarget, set: boolean) => post(`${channel(target)}/guard`, { set });
export const resetAlarm = (target: ControlTarget) => post(`${channel(target)}/alarm-reset`, {});
export const listKeptAlarms = (
  target: ControlTarget,
  { priority, method, from, to }: Pick<AlarmFilter, 'priority' | 'method' | 'from' | 'to'>,
) =>
  call<ListAnswer<KeptAlarm>>('GET', `${channel(target)}/alarms`, {
    query: { startPriority: priority, endPriority: priority, alarmMethod: method, from, to },
  });
export const askPositions = (target: ControlTarget) =>
  call<ListAnswer<MobilePosition>>('GET', `${channel(target)}/mobile-position`);
export const listSdCards = (deviceId: string, force = false) =>
  call<ListAnswer<SdCard>>('GET', `${device(deviceId)}/sd-cards`, forced(force));
export const formatSdCard = (deviceId: string, card: number, force = false) =>
  post(`${device(deviceId)}/sd-cards/format`, { card }, force);
export const listCapabilities = (deviceId: string) =>
  call<{ items: Capability[] }>('GET', `${device(deviceId)}/capabilities`);

export interface UpgradeOrder {
  readonly firmware: string;
  readonly fileUrl: string;
  readonly manufacturer: string;
}

export const startUpgrade = (deviceId: string, body: UpgradeOrder, force = false) =>
  call<Upgrade>('POST', `${device(deviceId)}/upgrade`, { body, ...forced(force) });
export const readUpgrade = (deviceId: string) => call<Upgrade>('GET', `${device(deviceId)}/upgrade`);

export const readConfig = (target: ControlTarget, type: string, force = false) =>
  call<ConfigAnswer>('GET', `${channel(target)}/config`, { query: { types: type, ...(force && { force }) } });
export const writeConfig = (target: ControlTarget, type: string, body: unknown, force = false) =>
  call<ControlAnswer>('PATCH', `${channel(target)}/config/${type}`, { body, ...forced(force) });

export interface SnapshotOrder {
  /** 1-10. */
  readonly count: number;
  readonly intervalSec: number;
}

export const orderSnapshot = (target: ControlTarget, body: SnapshotOrder, force = false) =>
  call<SnapshotSession>('POST', `${channel(target)}/snapshots`, { body, ...forced(force) });
export const readSnapshotSession = (id: string) => call<SnapshotSession>('GET', `/snapshot-sessions/${id}`);
export const listSnapshots = (deviceId: string, limit: number) =>
  call<Page<Snapshot>>('GET', '/snapshots', { query: { deviceId, limit } });
export const deleteSnapshot = (id: string) => call<void>('DELETE', `/snapshots/${id}`);
export const snapshotUrl = (id: string) => `/api/v1/snapshots/${id}/picture`;
