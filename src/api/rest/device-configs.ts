import type { z } from 'zod';
import type { ConfigValues } from '../../gb28181/index.ts';
import type { ApiContext } from '../context.ts';
import { CONFIG_WRITES, configAnswerSchema, configQuery } from '../schemas/config.ts';
import { commandQuery, controlAnswerSchema } from '../schemas/control.ts';
import { channelParams } from './channels.ts';
import { DEVICE_ERRORS, optionsOf, type CommandRoutes } from './command-routes.ts';
import { deviceParams } from './devices.ts';
import type { Routes } from './route.ts';

/** Configuration of devices and channels, read and written by type (GB/T 28181 9.4). */
export function addConfigRoutes(routes: Routes, commands: CommandRoutes, { parts: { platform } }: ApiContext): void {
  commands.query<unknown, z.infer<typeof configQuery>>({
    levels: ['device', 'channel'],
    path: '/config',
    summary: 'Ask for configuration',
    query: configQuery as z.ZodObject & z.ZodType<z.infer<typeof configQuery>>,
    response: configAnswerSchema,
    ask: ({ target, options, query: { types } }) => platform.configs.read(target, types, options),
  });
  for (const [type, body] of Object.entries(CONFIG_WRITES)) {
    for (const params of [deviceParams, channelParams]) {
      const level = params === deviceParams ? '' : '/channels/{channelId}';
      routes.add<{ deviceId: string; channelId?: string }, { force?: 'true' | 'false' | undefined }>({
        method: 'patch',
        path: `/api/v1/devices/{deviceId}${level}/config/${type}`,
        tag: 'configuration',
        summary: `Write ${type}; fields that are not given stay as the device has them`,
        access: 'admin',
        params: params as z.ZodObject & z.ZodType<{ deviceId: string; channelId?: string }>,
        query: commandQuery,
        body: body as z.ZodType<unknown>,
        status: 200,
        response: controlAnswerSchema,
        errors: [...DEVICE_ERRORS, 413, 415],
        handle: async ({ params: given, query, body: value, res }) => {
          const values = { [type]: value } as ConfigValues;
          const answer = await platform.configs.write(commands.target(given), values, optionsOf({ query, res }));
          return { sent: true, ...answer };
        },
      });
    }
  }
}
