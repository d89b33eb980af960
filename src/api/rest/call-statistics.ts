import type { ApiContext } from '../context.ts';
import { callStatisticsQuery, callStatisticsSchema } from '../schemas/call-statistics.ts';
import type { Routes } from './route.ts';

const TYPES = { html: 'text/html', csv: 'text/csv' } as const;

/** What the daily report says, for any day and for today so far. */
export function addCallStatisticsRoutes(routes: Routes, { parts: { callStatistics } }: ApiContext): void {
  routes.add({
    method: 'get',
    path: '/api/v1/call-statistics',
    tag: 'calls',
    summary: 'Figures of the peer-to-peer calls of a day, or of some days; also as the report of that day',
    access: 'admin',
    query: callStatisticsQuery,
    status: 200,
    response: callStatisticsSchema,
    otherTypes: Object.values(TYPES),
    errors: [400, 503],
    handle: async ({ query: { date, from, to, format }, res }) => {
      const range = { from: from ?? date, to };
      if (format === 'json') return callStatistics.read(range);
      const report = await callStatistics.report(range);
      res.setHeader('Cache-Control', 'no-store');
      res.attachment(`${report.fileName}.${format}`);
      return res.type(TYPES[format]).send(report[format]);
    },
  });
}
