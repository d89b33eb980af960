import { z } from 'zod';
import type { Channel, ChannelOverride, Platform } from '../../gb28181/index.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { buildTree, channelKindSchema, channelSchema, treeNodeSchema } from '../schemas/channel.ts';
import { channelPatchSchema } from '../schemas/group.ts';
import { idSchema, onlineQuery, pageOf, pageQuery, paginate } from '../schemas/common.ts';
import { deviceParams, requireDevice } from './devices.ts';
import type { Routes } from './route.ts';

export const channelParams = z.object({ deviceId: idSchema, channelId: idSchema });
const channelQuery = z.object({ ...pageQuery, online: onlineQuery, kind: channelKindSchema.optional() });
const channelPage = pageOf(channelSchema, 'ChannelPage');
const tag = 'channels';

interface ChannelFilter {
  readonly search: string;
  readonly online?: 'true' | 'false' | undefined;
  readonly kind?: Channel['kind'] | undefined;
}

function filterChannels(channels: readonly Channel[], { search, online, kind }: ChannelFilter): Channel[] {
  const wanted = search.toLowerCase();
  return channels.filter(
    (channel) =>
      (online === undefined || (channel.status === 'ON') === (online === 'true')) &&
      (kind === undefined || channel.kind === kind) &&
      (wanted === '' ||
        [channel.id, channel.name, channel.address].some((text) => text.toLowerCase().includes(wanted))),
  );
}

/** Lists and the tree. */
export function addChannelRoutes(routes: Routes, { parts: { platform } }: ApiContext): void {
  routes.add({
    method: 'get',
    path: '/api/v1/channels',
    tag,
    summary: 'Channels of all devices, or of one',
    access: 'admin',
    query: channelQuery.extend({ deviceId: idSchema.optional() }),
    status: 200,
    response: channelPage,
    errors: [400],
    handle: ({ query }) => paginate(filterChannels(platform.channels(query.deviceId), query), query),
  });

  routes.add({
    method: 'get',
    path: '/api/v1/devices/{deviceId}/channels',
    tag,
    summary: 'Channels of a device',
    access: 'admin',
    params: deviceParams,
    query: channelQuery,
    status: 200,
    response: channelPage,
    errors: [400, 404],
    handle: ({ params: { deviceId }, query }) => {
      requireDevice(platform, deviceId);
      return paginate(filterChannels(platform.channels(deviceId), query), query);
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/devices/{deviceId}/channels/{channelId}',
    tag,
    summary: 'One channel',
    access: 'admin',
    params: channelParams,
    status: 200,
    response: channelSchema,
    errors: [404],
    handle: ({ params: { deviceId, channelId } }) => knownChannel(platform, deviceId, channelId),
  });

  routes.add({
    method: 'patch',
    path: '/api/v1/devices/{deviceId}/channels/{channelId}',
    tag,
    summary: 'Name and position of a channel in place of what its device says',
    access: 'admin',
    params: channelParams,
    body: channelPatchSchema,
    status: 200,
    response: channelSchema,
    errors: [400, 404, 413, 415],
    handle: ({ params: { deviceId, channelId }, body }) => {
      const channel = knownChannel(platform, deviceId, channelId);
      return platform.overrideChannel(deviceId, channelId, patchOverride(channel, body));
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/devices/{deviceId}/tree',
    tag,
    summary: 'Channels of a device as a tree of regions, groups and cameras',
    access: 'admin',
    params: deviceParams,
    status: 200,
    response: z.object({ deviceId: z.string(), roots: z.array(treeNodeSchema) }).meta({ id: 'Tree' }),
    errors: [404],
    handle: ({ params: { deviceId } }) => {
      requireDevice(platform, deviceId);
      return { deviceId, roots: buildTree(platform.channels(deviceId)) };
    },
  });
}

/** @throws ApiError `device_unknown`, `channel_unknown` */
export function knownChannel(platform: Platform, deviceId: string, channelId: string): Channel {
  requireDevice(platform, deviceId);
  const channel = platform.channel(deviceId, channelId);
  if (channel === undefined) throw new ApiError('channel_unknown', `device ${deviceId} has no channel ${channelId}`);
  return channel;
}

/** What of a channel is the operator's. */
function overrideOf({ name, longitude, latitude, told }: Channel): ChannelOverride {
  if (told === undefined) return {};
  const moved = longitude !== told.longitude || latitude !== told.latitude;
  return { ...(name !== told.name && { name }), ...(moved && { longitude, latitude }) };
}

function patchOverride(channel: Channel, patch: z.infer<typeof channelPatchSchema>): ChannelOverride {
  const { name, ...position } = overrideOf(channel);
  const newName = patch.name === undefined ? name : (patch.name ?? undefined);
  const newPosition = patch.position === undefined ? position : (patch.position ?? {});
  return { ...(newName !== undefined && { name: newName }), ...newPosition };
}
