import { call } from './http.ts';
import type { ChannelKind, Page } from './types.ts';

/** What a device tells of an alarm; numbers as in GB/T 28181, 0 = not told. */
export interface AlarmFacts {
  readonly deviceId: string;
  readonly channelId: string;
  /** Unix ms, as the other times; absent where it cannot be read. */
  readonly alarmedAt?: number;
  readonly priority: number;
  readonly method: number;
  readonly type: number;
  readonly description: string;
}

/** An alarm that the gateway keeps. */
export interface Alarm extends AlarmFacts {
  readonly id: number;
  readonly alarmedAt: number;
  readonly receivedAt: number;
  readonly acknowledgedAt?: number;
  readonly acknowledgedBy?: string;
  readonly snapshot: 'none' | 'pending' | 'taken' | 'failed';
  readonly snapshotReason?: string;
}

export interface AlarmPage extends Page<Alarm> {
  /** Of all, whatever the filter. */
  readonly unacknowledged: number;
}

export interface AlarmFilter {
  readonly deviceId?: string | undefined;
  readonly priority?: number | undefined;
  readonly method?: number | undefined;
  readonly acknowledged?: boolean | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface AlarmQuery extends AlarmFilter {
  readonly page: number;
  readonly limit: number;
}

/** Where a channel is: as it told itself, or as the catalogue has it. */
export interface Place {
  readonly deviceId: string;
  readonly channelId: string;
  readonly name: string;
  readonly kind: ChannelKind;
  readonly online: boolean;
  readonly source: 'device' | 'catalog';
  readonly longitude: number;
  readonly latitude: number;
  readonly at?: number;
  readonly speed?: number;
  readonly direction?: number;
}

export interface Position {
  readonly deviceId: string;
  readonly channelId: string;
  readonly at: number;
  readonly longitude: number;
  readonly latitude: number;
  readonly speed?: number;
  readonly direction?: number;
}

export interface MapTiles {
  /** Empty = none. */
  readonly tileUrl: string;
  readonly attribution: string;
}

const MAX_PLACES = 10_000;

export const listAlarms = (query: AlarmQuery, signal?: AbortSignal) =>
  call<AlarmPage>('GET', '/alarms', { query: { ...query }, ...(signal && { signal }) });

export const acknowledgeAlarm = (id: number) => call<Alarm>('POST', `/alarms/${id}/acknowledge`);

export const acknowledgeAlarms = (filter: AlarmFilter) =>
  call<{ readonly acknowledged: number }>('POST', '/alarms/acknowledge', { query: { ...filter } });

/** Some devices stay silent after an alarm of their own until they are told so. */
export const resetAlarms = (deviceId: string) =>
  call<unknown>('POST', `/devices/${encodeURIComponent(deviceId)}/alarm-reset`, { body: {} });

/** For an image element; the login's cookie opens it. */
export const alarmSnapshotUrl = (id: number) => `/api/v1/alarms/${id}/snapshot`;

export const listPlaces = (signal?: AbortSignal) =>
  call<Page<Place>>('GET', '/positions', { query: { limit: MAX_PLACES }, ...(signal && { signal }) });

export const getTrack = (of: Pick<Place, 'deviceId' | 'channelId'>, range: { from: number; to: number }) =>
  call<{ readonly items: readonly Position[] }>(
    'GET',
    `/devices/${encodeURIComponent(of.deviceId)}/channels/${encodeURIComponent(of.channelId)}/track`,
    { query: range },
  );

export const getMapTiles = () => call<MapTiles>('GET', '/map');
