import { call } from './http.ts';
import type {
  Admission,
  CatalogResult,
  Channel,
  Device,
  DeviceSettingsPatch,
  Page,
  PtzDirection,
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
export const patchDevice = (id: string, body: DeviceSettingsPatch) => call<Device>('PATCH', device(id), { body });
export const deleteDevice = (id: string) => call<void>('DELETE', device(id));
export const setAdmission = (id: string, admission: Admission) =>
  call<Device>('POST', `${device(id)}/admission`, { body: { admission } });
export const refreshCatalog = (id: string) => call<CatalogResult>('POST', `${device(id)}/refresh-catalog`);
export const deviceTrace = (id: string) =>
  call<{ items: TraceEntry[] }>('GET', `${device(id)}/sip`, { query: { limit: 200 } });

export interface PtzBody {
  readonly direction: PtzDirection;
  /** 0-255. */
  readonly speed: number;
  /** 0-15. */
  readonly zoomSpeed?: number;
}

export const sendPtz = (deviceId: string, channelId: string, body: PtzBody) =>
  call<unknown>('POST', `${device(deviceId)}/channels/${encodeURIComponent(channelId)}/ptz`, { body });
