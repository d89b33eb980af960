import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import type { Routes } from './route.ts';

/** Usual values of camera pages; the platform takes what a device brings. */
const REGISTER_EXPIRES_SEC = 3600;
const KEEPALIVE_INTERVAL_SEC = 60;

const connectInfoSchema = z
  .object({
    serial: z.string(),
    realm: z.string(),
    hosts: z.array(z.string()),
    port: z.int(),
    transports: z.array(z.enum(['UDP', 'TCP'])),
    authRequired: z.boolean(),
    password: z.string().optional(),
    registerExpiresSec: z.int(),
    keepaliveIntervalSec: z.int(),
  })
  .meta({ id: 'ConnectInfo', description: "What to type into a camera's GB28181 page." });

/** The configuration in force, and the values for cameras. */
export function addSystemRoutes(routes: Routes, { options }: ApiContext): void {
  const { password, ...sip } = options.sip;
  routes.add({
    method: 'get',
    path: '/api/v1/settings',
    tag: 'system',
    summary: 'The configuration in force, secrets redacted',
    access: 'admin',
    status: 200,
    response: z.record(z.string(), z.unknown()).meta({ id: 'Settings' }),
    errors: [],
    handle: () => options.settings,
  });

  routes.add({
    method: 'get',
    path: '/api/v1/connect-info',
    tag: 'system',
    summary: 'What to type into a camera',
    access: 'admin',
    status: 200,
    response: connectInfoSchema,
    errors: [],
    handle: () => ({
      ...sip,
      ...(sip.authRequired && password !== undefined ? { password } : {}),
      registerExpiresSec: REGISTER_EXPIRES_SEC,
      keepaliveIntervalSec: KEEPALIVE_INTERVAL_SEC,
    }),
  });
}
