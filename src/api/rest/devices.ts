import { z } from 'zod';
import type { Device, Platform } from '../../gb28181/index.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { idSchema, onlineQuery, pageOf, pageQuery, paginate } from '../schemas/common.ts';
import {
  admissionSchema,
  catalogResultSchema,
  catalogScopeQuery,
  deviceSchema,
  deviceView,
  scopeOf,
} from '../schemas/device.ts';
import {
  patchSettings,
  settingsInForceSchema,
  settingsPatchSchema,
  viewSettingsInForce,
} from '../schemas/device-settings.ts';
import { TRACE_TYPES, traceQuerySchema, traceSchema } from '../schemas/trace.ts';
import { closeSignal } from '../http/close-signal.ts';
import type { Routes } from './route.ts';
import { sendTrace, traceFilter } from './trace.ts';

export const deviceParams = z.object({ deviceId: idSchema });
const tag = 'devices';

/** @throws ApiError `device_unknown` */
export function requireDevice(platform: Platform, deviceId: string): Device {
  const device = platform.device(deviceId);
  if (device === undefined) throw new ApiError('device_unknown', `no device ${deviceId}`);
  return device;
}

const matches = (device: Device, search: string): boolean =>
  [device.id, device.name, device.manufacturer, device.model, device.sourceAddress].some((text) =>
    text.toLowerCase().includes(search),
  );

/** Lists, settings, admission. */
export function addDeviceRoutes(routes: Routes, { parts: { platform } }: ApiContext): void {
  routes.add({
    method: 'get',
    path: '/api/v1/devices',
    tag,
    summary: 'Devices, by id, name, maker, model or address',
    access: 'admin',
    query: z.object({ ...pageQuery, online: onlineQuery }),
    status: 200,
    response: pageOf(deviceSchema, 'DevicePage'),
    errors: [400],
    handle: ({ query }) => {
      const search = query.search.toLowerCase();
      const found = platform
        .devices()
        .filter((device) => query.online === undefined || device.online === (query.online === 'true'))
        .filter((device) => search === '' || matches(device, search));
      const page = paginate(found, query);
      return { ...page, items: page.items.map(deviceView) };
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/devices/{deviceId}',
    tag,
    summary: 'One device',
    access: 'admin',
    params: deviceParams,
    status: 200,
    response: deviceSchema,
    errors: [404],
    handle: ({ params }) => deviceView(requireDevice(platform, params.deviceId)),
  });

  routes.add({
    method: 'patch',
    path: '/api/v1/devices/{deviceId}',
    tag,
    summary: 'Change settings of a device',
    access: 'admin',
    params: deviceParams,
    body: settingsPatchSchema,
    status: 200,
    response: deviceSchema,
    errors: [400, 404, 413, 415],
    handle: ({ params, body }) => {
      const { settings } = requireDevice(platform, params.deviceId);
      return deviceView(platform.updateSettings(params.deviceId, patchSettings(settings, body)));
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/devices/{deviceId}/settings',
    tag,
    summary: 'Settings of a device: own, by its quirk profile, and in force',
    access: 'admin',
    params: deviceParams,
    status: 200,
    response: settingsInForceSchema,
    errors: [404],
    handle: ({ params: { deviceId } }) => {
      requireDevice(platform, deviceId);
      return viewSettingsInForce(platform.settingsInForce(deviceId));
    },
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/devices/{deviceId}',
    tag,
    summary: 'Forget an offline device and its channels',
    access: 'admin',
    params: deviceParams,
    status: 204,
    errors: [404, 409],
    handle: ({ params: { deviceId } }) => {
      const { online } = requireDevice(platform, deviceId);
      if (online || !platform.removeDevice(deviceId)) {
        throw new ApiError('device_online', `device ${deviceId} is online; only an offline one can be forgotten`);
      }
    },
  });

  routes.add({
    method: 'post',
    path: '/api/v1/devices/{deviceId}/admission',
    tag,
    summary: 'Let a device in, or not',
    access: 'admin',
    params: deviceParams,
    body: z.strictObject({ admission: admissionSchema }).meta({ id: 'AdmissionChange' }),
    status: 200,
    response: deviceSchema,
    errors: [400, 404, 413, 415],
    handle: ({ params: { deviceId }, body: { admission } }) => {
      requireDevice(platform, deviceId);
      return deviceView(platform.setAdmission(deviceId, admission));
    },
  });
}

/** What is asked from the device itself, and its SIP messages. */
export function addDeviceQueryRoutes(routes: Routes, { parts: { platform } }: ApiContext): void {
  routes.add({
    method: 'post',
    path: '/api/v1/devices/{deviceId}/refresh-catalog',
    tag,
    summary: 'Ask the device for its catalogue, or a part of it; answers when it has arrived',
    access: 'admin',
    params: deviceParams,
    query: catalogScopeQuery,
    status: 200,
    response: catalogResultSchema,
    errors: [400, 404, 409, 502, 503, 504],
    handle: ({ params: { deviceId }, query, res }) => {
      requireDevice(platform, deviceId);
      return platform.refreshCatalog(deviceId, closeSignal(res), scopeOf(query));
    },
  });

  routes.add({
    method: 'post',
    path: '/api/v1/devices/{deviceId}/refresh-info',
    tag,
    summary: 'Ask the device for its name, model and firmware',
    access: 'admin',
    params: deviceParams,
    status: 200,
    response: deviceSchema,
    errors: [404, 409, 502, 503, 504],
    handle: async ({ params: { deviceId }, res }) => {
      requireDevice(platform, deviceId);
      return deviceView(await platform.refreshInfo(deviceId, closeSignal(res)));
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/devices/{deviceId}/sip',
    tag,
    summary: 'Latest SIP messages of a device, as JSON, text or pcap',
    access: 'admin',
    params: deviceParams,
    query: traceQuerySchema,
    status: 200,
    response: traceSchema,
    otherTypes: TRACE_TYPES,
    errors: [400],
    handle: ({ params: { deviceId }, query, req, res }) =>
      sendTrace(req, res, {
        entries: platform.trace({ ...traceFilter(query), deviceId }),
        format: query.format,
        fileName: `sip-${deviceId}`,
      }),
  });
}
