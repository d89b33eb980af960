import type { z } from 'zod';
import type { AlarmConditions, Platform } from '../../gb28181/index.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { homePositionSchema } from '../schemas/control.ts';
import { deviceStatusSchema } from '../schemas/device.ts';
import {
  cruiseTrackListSchema,
  cruiseTrackSchema,
  deviceAlarmListSchema,
  deviceAlarmQuery,
  deviceInfoSchema,
  mobilePositionListSchema,
  mobilePositionQuery,
  presetListSchema,
  ptzPositionSchema,
  sdCardListSchema,
} from '../schemas/query.ts';
import type { CommandRoutes } from './command-routes.ts';
import { wholeNumber } from '../schemas/common.ts';

const BOTH = ['device', 'channel'] as const;

/** Questions to devices (GB/T 28181 6). */
export function addQueryRoutes(routes: CommandRoutes, { parts: { platform } }: ApiContext): void {
  const { queries } = platform;
  routes.query({
    levels: BOTH,
    path: '/info',
    summary: 'Ask for maker, model and firmware',
    response: deviceInfoSchema,
    ask: ({ target, options }) => queries.info(target, options),
  });
  routes.query({
    levels: BOTH,
    path: '/status',
    summary: 'Ask how it is',
    response: deviceStatusSchema,
    ask: ({ target, options }) => queries.status(target, options),
  });
  routes.query({
    path: '/presets',
    summary: 'Ask for the presets',
    response: presetListSchema,
    ask: ({ target, options }) => queries.presets(target, options),
  });
  routes.query({
    levels: BOTH,
    path: '/home-position',
    summary: 'Ask for the position that the camera returns to by itself (GB/T 28181-2022)',
    response: homePositionSchema.partial(),
    ask: async ({ target, options }) => {
      const home = await queries.homePosition(target, options);
      if (home === undefined) throw new ApiError('home_position_none', `${target.channelId} has no home position`);
      return home;
    },
  });
  routes.query({
    path: '/cruise-tracks',
    summary: 'Ask for the cruise tracks (GB/T 28181-2022)',
    response: cruiseTrackListSchema,
    ask: ({ target, options }) => queries.cruiseTracks(target, options),
  });
  routes.query<{ number: number }>({
    path: '/cruise-tracks/{number}',
    summary: 'Ask for the points of a cruise track (GB/T 28181-2022)',
    params: { number: wholeNumber(0, 255) },
    response: cruiseTrackSchema,
    ask: ({ target, options, params: { number } }) => queries.cruiseTrack(target, number, options),
  });
  routes.query({
    path: '/ptz-position',
    summary: 'Ask where the camera looks to (GB/T 28181-2022)',
    response: ptzPositionSchema,
    ask: ({ target, options }) => queries.ptzPosition(target, options),
  });
  routes.query({
    levels: BOTH,
    path: '/sd-cards',
    summary: 'Ask for SD cards and the progress of formatting (GB/T 28181-2022)',
    response: sdCardListSchema,
    ask: ({ target, options }) => queries.sdCards(target, options),
  });
  addReportQueryRoutes(routes, queries);
}

/** What devices report by themselves as well (GB/T 28181 10, 11). */
function addReportQueryRoutes(routes: CommandRoutes, queries: Platform['queries']): void {
  routes.query<unknown, z.infer<typeof deviceAlarmQuery>>({
    levels: BOTH,
    path: '/alarms',
    summary: 'Ask the device for the alarms that it has kept',
    query: deviceAlarmQuery,
    response: deviceAlarmListSchema,
    ask: ({ target, options, query }) => queries.alarms(target, conditionsOf(query), options),
  });
  routes.query<unknown, z.infer<typeof mobilePositionQuery>>({
    levels: BOTH,
    path: '/mobile-position',
    summary: 'Ask where a device is; what it answers is kept as any other position',
    query: mobilePositionQuery,
    response: mobilePositionListSchema,
    ask: ({ target, options, query: { interval } }) => queries.positions(target, interval, options),
  });
}

function conditionsOf(query: z.infer<typeof deviceAlarmQuery>): AlarmConditions {
  const { startPriority, endPriority, alarmMethod, alarmType, from, to } = query;
  if (from !== undefined && to !== undefined && to < from)
    throw new ApiError('invalid_request', `to must not be before from, got ${from} to ${to}`);
  return {
    ...(startPriority !== undefined && { startPriority }),
    ...(endPriority !== undefined && { endPriority }),
    ...(alarmMethod !== undefined && { alarmMethod }),
    ...(alarmType !== undefined && { alarmType }),
    ...(from !== undefined && { fromMs: from }),
    ...(to !== undefined && { toMs: to }),
  };
}
