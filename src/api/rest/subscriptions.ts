import type { ApiContext } from '../context.ts';
import { subscriptionsSchema } from '../schemas/reports.ts';
import { deviceParams, requireDevice } from './devices.ts';
import type { Routes } from './route.ts';

const tag = 'devices';

/** What is subscribed to at a device. */
export function addSubscriptionRoutes(routes: Routes, { parts: { platform } }: ApiContext): void {
  routes.add({
    method: 'get',
    path: '/api/v1/devices/{deviceId}/subscriptions',
    tag,
    summary: 'Subscriptions to catalogue, alarms and positions, and how they are',
    access: 'admin',
    params: deviceParams,
    status: 200,
    response: subscriptionsSchema,
    errors: [404],
    handle: ({ params: { deviceId } }) => {
      requireDevice(platform, deviceId);
      return { items: platform.reports.subscriptions(deviceId) };
    },
  });

  routes.add({
    method: 'post',
    path: '/api/v1/devices/{deviceId}/subscriptions/renew',
    tag,
    summary: 'Subscribe or refresh now, also what the device has refused',
    access: 'admin',
    params: deviceParams,
    status: 202,
    response: subscriptionsSchema,
    errors: [404, 409],
    handle: ({ params: { deviceId } }) => {
      requireDevice(platform, deviceId);
      return { items: platform.reports.renewSubscriptions(deviceId) };
    },
  });
}
