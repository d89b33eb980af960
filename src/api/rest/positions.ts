import { z } from 'zod';
import type { Channel, Platform, Position } from '../../gb28181/index.ts';
import type { ApiContext } from '../context.ts';
import { idSchema, pageOf, paginate } from '../schemas/common.ts';
import { mapSchema, placeQuery, placeSchema, trackQuery, trackSchema } from '../schemas/reports.ts';
import { requireDevice } from './devices.ts';
import type { Routes } from './route.ts';

const tag = 'positions';
const DAY_MS = 86_400_000;

type Place = z.infer<typeof placeSchema>;

/** Where everything is: as it told itself, else as the catalogue has it. */
function placesOf(platform: Platform, deviceId: string | undefined): Place[] {
  const told = platform.reports.positions.list().filter((each) => deviceId === undefined || each.deviceId === deviceId);
  const known = new Set(told.map((each) => `${each.deviceId} ${each.channelId}`));
  const listed = platform
    .channels(deviceId)
    .filter(({ longitude, latitude }) => longitude !== 0 || latitude !== 0)
    .filter((channel) => !known.has(`${channel.deviceId} ${channel.id}`));
  return [
    ...told.flatMap((position) => placeOfPosition(platform, position) ?? []),
    ...listed.map((channel) => placeOfChannel(platform, channel)),
  ];
}

function placeOfPosition(platform: Platform, position: Position): Place | undefined {
  const { deviceId, channelId, longitude, latitude, at, speed, direction } = position;
  const device = platform.device(deviceId);
  if (device === undefined) return undefined;
  const channel = platform.channel(deviceId, channelId);
  return {
    deviceId,
    channelId,
    name: channel?.name || device.name || channelId,
    kind: channel?.kind ?? 'other',
    online: device.online && channel?.status !== 'OFF',
    source: 'device',
    longitude,
    latitude,
    at,
    ...(speed === undefined ? {} : { speed }),
    ...(direction === undefined ? {} : { direction }),
  };
}

function placeOfChannel(platform: Platform, { deviceId, id, name, kind, status, longitude, latitude }: Channel): Place {
  const online = status === 'ON' && platform.device(deviceId)?.online === true;
  return { deviceId, channelId: id, name: name || id, kind, online, source: 'catalog', longitude, latitude };
}

/** Places, tracks, and the tiles to draw them on. */
export function addPositionRoutes(routes: Routes, { options, parts: { platform } }: ApiContext): void {
  routes.add({
    method: 'get',
    path: '/api/v1/positions',
    tag,
    summary: 'Where channels and devices are',
    access: 'admin',
    query: placeQuery,
    status: 200,
    response: pageOf(placeSchema, 'PlacePage'),
    errors: [400],
    handle: ({ query }) => paginate(placesOf(platform, query.deviceId), query),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/devices/{deviceId}/channels/{channelId}/track',
    tag,
    summary: 'Where a channel, or the device by its own ID, was; the newest points of the range, oldest first',
    access: 'admin',
    params: z.object({ deviceId: idSchema, channelId: idSchema }),
    query: trackQuery,
    status: 200,
    response: trackSchema,
    errors: [400, 404],
    handle: ({ params, query: { from, to = Date.now(), limit } }) => {
      requireDevice(platform, params.deviceId);
      return { items: platform.reports.positions.track(params, { from: from ?? to - DAY_MS, to, limit }) };
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/map',
    tag,
    summary: 'Tiles of the map',
    access: 'admin',
    status: 200,
    response: mapSchema,
    errors: [],
    handle: () => options.map,
  });
}
