import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import {
  acknowledgedSchema,
  acknowledgeQuery,
  alarmPageSchema,
  alarmQuery,
  alarmSchema,
  filterOf,
} from '../schemas/reports.ts';
import type { Access } from '../auth/tokens.ts';
import type { Routes } from './route.ts';
import { wholeNumber } from '../schemas/common.ts';

const alarmParams = z.object({ id: wholeNumber(1, Number.MAX_SAFE_INTEGER) });
const tag = 'alarms';

/** Who acknowledges; without authentication nobody has a name. */
function nameOf(access: Access | undefined): string {
  return access?.kind === 'admin' ? access.username : 'anonymous';
}

/** Alarms: listed, acknowledged, with their pictures. */
export function addAlarmRoutes(routes: Routes, { parts: { platform } }: ApiContext): void {
  const { alarms } = platform.reports;

  routes.add({
    method: 'get',
    path: '/api/v1/alarms',
    tag,
    summary: 'Alarms, newest first',
    access: 'admin',
    query: alarmQuery,
    status: 200,
    response: alarmPageSchema,
    errors: [400],
    handle: ({ query }) => {
      const { page, limit } = query;
      const { items, total, unacknowledged } = alarms.list(filterOf(query), { page, limit });
      return { items, page, limit, total, unacknowledged };
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/alarms/{id}',
    tag,
    summary: 'One alarm',
    access: 'admin',
    params: alarmParams,
    status: 200,
    response: alarmSchema,
    errors: [400, 404],
    handle: ({ params: { id } }) => found(alarms.get(id), id),
  });

  routes.add({
    method: 'post',
    path: '/api/v1/alarms/acknowledge',
    tag,
    summary: 'Acknowledge all alarms that match, at most 10,000 at once',
    access: 'admin',
    query: acknowledgeQuery,
    status: 200,
    response: acknowledgedSchema,
    errors: [400],
    handle: ({ query, access }) => ({ acknowledged: alarms.acknowledgeAll(filterOf(query), nameOf(access)) }),
  });

  routes.add({
    method: 'post',
    path: '/api/v1/alarms/{id}/acknowledge',
    tag,
    summary: 'Acknowledge an alarm; who came first stays',
    access: 'admin',
    params: alarmParams,
    status: 200,
    response: alarmSchema,
    errors: [400, 404],
    handle: ({ params: { id }, access }) => found(alarms.acknowledge(id, nameOf(access)), id),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/alarms/{id}/snapshot',
    tag,
    summary: 'The picture that was taken with the alarm',
    access: 'admin',
    params: alarmParams,
    status: 200,
    otherTypes: ['image/jpeg'],
    errors: [400, 404],
    handle: ({ params: { id }, res }) => {
      const jpeg = alarms.snapshot(id);
      if (jpeg === undefined) throw new ApiError('snapshot_unknown', `alarm ${id} has no snapshot`);
      // It does not change any more.
      res.setHeader('Cache-Control', 'private, max-age=86400');
      res.type('image/jpeg').send(jpeg);
    },
  });
}

function found<T>(alarm: T | undefined, id: number): T {
  if (alarm === undefined) throw new ApiError('alarm_unknown', `no alarm ${id}`);
  return alarm;
}
