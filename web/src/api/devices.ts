import { call } from './http.ts';
import type {
  Admission,
  CatalogResult,
  Channel,
  ChannelPatch,
  Device,
  DeviceSettingsPatch,
  Page,
  PtzDirection,
  SettingsInForce,
  TraceEntry,
} from './types.ts';

const PAGE_LIMIT = 500;

async function allPages<T>(path: string, maxItems: number): Promise<T[]> {
  const items: T[] = [];
  for (let page = 1; items.length < maxItems; page++) {
    const part = await call<Page<T>>('GET', path, { query: { page, limit: PAGE_LIMIT } });
    items.push(...part.items);
    if (part.items.length < PAGE_LIMIT || items.length >= part.total) break;
  }
  return items.slice(0, maxItems);
}

const device = (id: string) => `/devices/${encodeURIComponent(id)}`;

export const listDevices = (maxItems: number) => allPages<Device>('/devices', maxItems);
export const listChannels = (maxItems: number) => allPages<Channel>('/channels', maxItems);
export const listDeviceChannels = (id: string, maxItems: number) =>
  allPages<Channel>(`${device(id)}/channels`, maxItems);
export const getDevice = (id: string, signal: AbortSignal) => call<Device>('GET', device(id), { signal });
export const patchChannel = (deviceId: string, channelId: string, body: ChannelPatch) =>
  call<Channel>('PATCH', `${device(deviceId)}/channels/${encodeURIComponent(channelId)}`, { body });
export const patchDevice = (id: string, body: DeviceSettingsPatch) => call<Device>('PATCH', device(id), { body });
export const deleteDevice = (id: string) => call<void>('DELETE', device(id));
export const setAdmission = (id: string, admission: Admission) =>
  call<Device>('POST', `${device(id)}/admission`, { body: { admission } });
export const refreshCatalog = (id: string) => call<CatalogResult>('POST', `${device(id)}/refresh-catalog`);
export const deviceSettings = (id: string) => call<SettingsInForce>('GET', `${device(id)}/settings`);

/** What of the SIP messages is wanted; empty = all. */
export interface TraceWish {
  readonly method: string;
  readonly direction: string;
  readonly text: string;
}

const MAX_MESSAGES = 400;

const traceQuery = ({ method, direction, text }: TraceWish) => ({
  limit: MAX_MESSAGES,
  method: method || undefined,
  direction: direction || undefined,
  text: text.trim() || undefined,
});

export const deviceTrace = (id: string, wish: TraceWish) =>
  call<{ items: TraceEntry[] }>('GET', `${device(id)}/sip`, { query: traceQuery(wish) });

/** Address of the same messages as a file. */
export function deviceTraceUrl(id: string, wish: TraceWish, format: 'text' | 'pcap'): string {
  const query = Object.entries({ ...traceQuery(wish), format }).filter(([, value]) => value !== undefined);
  return `/api/v1${device(id)}/sip?${new URLSearchParams(query.map(([key, value]) => [key, String(value)]))}`;
}

export interface PtzBody {
  readonly direction: PtzDirection;
  /** 0-255. */
  readonly speed: number;
  /** 0-15. */
  readonly zoomSpeed?: number;
}

export const sendPtz = (deviceId: string, channelId: string, body: PtzBody) =>
  call<unknown>('POST', `${device(deviceId)}/channels/${encodeURIComponent(channelId)}/ptz`, {
    body,
    keepalive: body.direction === 'stop',
  });
