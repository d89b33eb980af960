import type { z } from 'zod';
import type { CommandOptions, CommandTarget, DeviceControl } from '../../gb28181/index.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { closeSignal } from '../http/close-signal.ts';
import { commandQuery, controlAnswerSchema } from '../schemas/control.ts';
import { channelParams } from './channels.ts';
import { deviceParams, requireDevice } from './devices.ts';
import type { RouteInput, Routes } from './route.ts';

/** Where a command can be addressed to: the device, one of its channels, or either. */
type Level = 'device' | 'channel';

const PREFIX = {
  device: '/api/v1/devices/{deviceId}',
  channel: '/api/v1/devices/{deviceId}/channels/{channelId}',
} as const;
const PARAMS = { device: deviceParams, channel: channelParams } as const;
/** What any question to a device can end in, besides wrong input. */
export const DEVICE_ERRORS = [400, 404, 409, 502, 503, 504] as const;
const BODY_ERRORS = [413, 415] as const;

interface TargetParams {
  readonly deviceId: string;
  readonly channelId?: string;
}

interface ControlRoute<P, B> {
  readonly levels?: readonly Level[];
  readonly method?: 'post' | 'delete';
  /** Behind that of the device or channel. */
  readonly path: string;
  readonly summary: string;
  /** Of the path, besides device and channel. */
  readonly params?: z.ZodRawShape;
  readonly body?: z.ZodType<B>;
  control(input: { readonly params: P; readonly body: B }): DeviceControl;
}

interface QueryRoute<P, Q> {
  readonly levels?: readonly Level[];
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodRawShape;
  readonly query?: z.ZodObject & z.ZodType<Q>;
  readonly response: z.ZodType;
  ask(input: {
    readonly target: CommandTarget;
    readonly options: CommandOptions;
    readonly params: P;
    readonly query: Q;
  }): unknown;
}

/** Routes that send a command or a question to a device or a channel of it. */
export class CommandRoutes {
  readonly #routes: Routes;
  readonly #context: ApiContext;

  constructor(routes: Routes, context: ApiContext) {
    this.#routes = routes;
    this.#context = context;
  }

  control<P = unknown, B = unknown>(route: ControlRoute<P, B>): void {
    const { method = 'post', body, params = {} } = route;
    for (const level of route.levels ?? ['channel']) {
      this.#routes.add<TargetParams, { force?: string }, B>({
        method,
        path: PREFIX[level] + route.path,
        tag: 'control',
        summary: route.summary,
        access: 'admin',
        params: PARAMS[level].extend(params) as unknown as z.ZodObject & z.ZodType<TargetParams>,
        query: commandQuery as z.ZodObject & z.ZodType<{ force?: string }>,
        ...(body !== undefined && { body }),
        status: 202,
        response: controlAnswerSchema,
        errors: [...DEVICE_ERRORS, ...(body === undefined ? [] : BODY_ERRORS)],
        handle: async (input) => {
          const control = route.control({ params: input.params as P, body: input.body });
          const answer = await this.#context.parts.platform.controls.run(
            this.target(input.params),
            control,
            optionsOf(input),
          );
          return { sent: true, ...answer };
        },
      });
    }
  }

  query<P = unknown, Q = { force?: string }>(route: QueryRoute<P, Q>): void {
    const query = (route.query ?? commandQuery) as z.ZodObject & z.ZodType<Q & { force?: string }>;
    for (const level of route.levels ?? ['channel']) {
      this.#routes.add<TargetParams, Q & { force?: string }>({
        method: 'get',
        path: PREFIX[level] + route.path,
        tag: 'query',
        summary: route.summary,
        access: 'admin',
        params: PARAMS[level].extend(route.params ?? {}) as unknown as z.ZodObject & z.ZodType<TargetParams>,
        query,
        status: 200,
        response: route.response,
        errors: DEVICE_ERRORS,
        handle: (input) =>
          route.ask({
            target: this.target(input.params),
            options: optionsOf(input),
            params: input.params as P,
            query: input.query,
          }),
      });
    }
  }

  /**
   * A device without a catalogue is controlled as its own channel.
   * @throws ApiError `device_unknown` | `channel_unknown`
   */
  target({ deviceId, channelId = deviceId }: TargetParams): CommandTarget {
    const { platform } = this.#context.parts;
    requireDevice(platform, deviceId);
    if (channelId !== deviceId && platform.channel(deviceId, channelId) === undefined) {
      throw new ApiError('channel_unknown', `device ${deviceId} has no channel ${channelId}`);
    }
    return { deviceId, channelId };
  }
}

/** The command ends with the connection that asks for it. */
export function optionsOf({
  query,
  res,
}: Pick<RouteInput<unknown, { force?: string | undefined }, unknown>, 'query' | 'res'>): CommandOptions {
  return { force: query.force === 'true', signal: closeSignal(res) };
}
