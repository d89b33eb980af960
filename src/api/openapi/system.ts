import { z } from 'zod';
import type { Documented } from './documented.ts';
import { json } from './documented.ts';

/** What answers with other things than JSON of its own, or to everybody. */
export const SYSTEM: readonly Documented[] = [
  {
    method: 'get',
    path: '/api/v1/events',
    tag: 'system',
    summary: 'Live events (docs/protocols/rest.md)',
    answer: { type: 'text/event-stream', schema: z.string() },
    errors: [401, 403, 429, 500],
  },
  {
    method: 'get',
    path: '/api/v1/openapi.json',
    tag: 'system',
    summary: 'This document',
    answer: json(z.looseObject({ openapi: z.string() }).meta({ id: 'OpenApi' })),
    errors: [403, 500],
    open: true,
  },
  {
    method: 'get',
    path: '/healthz',
    tag: 'system',
    summary: 'Is everything up',
    answer: json(z.object({ status: z.literal('ok') }).meta({ id: 'Healthy' })),
    errors: [500],
    failures: {
      503: {
        description: 'Something is not',
        content: json(
          z.object({ status: z.literal('unavailable'), problems: z.array(z.string()) }).meta({ id: 'Unhealthy' }),
        ),
      },
    },
    open: true,
  },
  {
    method: 'get',
    path: '/metrics',
    tag: 'system',
    summary: 'Prometheus; open from loopback',
    answer: { type: 'text/plain', schema: z.string() },
    errors: [401, 403, 500],
  },
];
