import { z } from 'zod';
import { buildTree, type OwnGroup, type OwnGroups } from '../../gb28181/index.ts';
import type { ApiContext } from '../context.ts';
import {
  channelRefsSchema,
  groupChannelsSchema,
  groupPatchSchema,
  groupSchema,
  newGroupSchema,
  treeKindSchema,
  treeSchema,
} from '../schemas/group.ts';
import { knownChannel } from './channels.ts';
import type { Routes } from './route.ts';

const groupParams = z.object({ groupId: z.string().min(1).max(64) });
const tag = 'groups';

const view = (groups: OwnGroups, group: OwnGroup): z.infer<typeof groupSchema> => ({
  ...group,
  channelCount: groups.members(group.id).length,
});

/** The operator's own groups. */
export function addGroupRoutes(routes: Routes, { parts: { groups } }: ApiContext): void {
  routes.add({
    method: 'get',
    path: '/api/v1/groups',
    tag,
    summary: 'Own groups',
    access: 'admin',
    status: 200,
    response: z.object({ items: z.array(groupSchema) }).meta({ id: 'GroupList' }),
    errors: [],
    handle: () => ({ items: groups.list().map((group) => view(groups, group)) }),
  });

  routes.add({
    method: 'post',
    path: '/api/v1/groups',
    tag,
    summary: 'Make a group',
    access: 'admin',
    body: newGroupSchema,
    status: 201,
    response: groupSchema,
    errors: [400, 404, 409, 413, 415],
    handle: ({ body: { name, parentId } }) => view(groups, groups.create(name, parentId)),
  });

  routes.add({
    method: 'patch',
    path: '/api/v1/groups/{groupId}',
    tag,
    summary: 'Rename or move a group',
    access: 'admin',
    params: groupParams,
    body: groupPatchSchema,
    status: 200,
    response: groupSchema,
    errors: [400, 404, 409, 413, 415],
    handle: ({ params: { groupId }, body: { name, parentId } }) =>
      view(
        groups,
        groups.change(groupId, { ...(name !== undefined && { name }), ...(parentId !== undefined && { parentId }) }),
      ),
  });

  routes.add({
    method: 'delete',
    path: '/api/v1/groups/{groupId}',
    tag,
    summary: 'Delete a group and those in it; the channels stay',
    access: 'admin',
    params: groupParams,
    status: 200,
    response: z.object({ removed: z.int() }),
    errors: [404],
    handle: ({ params: { groupId } }) => ({ removed: groups.remove(groupId) }),
  });
}

/** Which channels are in them, and the trees. */
export function addGroupChannelRoutes(routes: Routes, { parts: { groups, platform } }: ApiContext): void {
  routes.add({
    method: 'get',
    path: '/api/v1/groups/{groupId}/channels',
    tag,
    summary: 'Channels of a group',
    access: 'admin',
    params: groupParams,
    status: 200,
    response: groupChannelsSchema,
    errors: [404],
    handle: ({ params: { groupId } }) => ({ items: groups.members(groupId) }),
  });

  routes.add({
    method: 'post',
    path: '/api/v1/groups/{groupId}/channels',
    tag,
    summary: 'Put channels into a group; a channel may be in several',
    access: 'admin',
    params: groupParams,
    body: channelRefsSchema,
    status: 200,
    response: groupChannelsSchema,
    errors: [400, 404, 409, 413, 415],
    handle: ({ params: { groupId }, body: { channels } }) => {
      for (const { deviceId, channelId } of channels) knownChannel(platform, deviceId, channelId);
      groups.assign(groupId, channels);
      return { items: groups.members(groupId) };
    },
  });

  routes.add({
    method: 'post',
    path: '/api/v1/groups/{groupId}/channels/remove',
    tag,
    summary: 'Take channels out of a group',
    access: 'admin',
    params: groupParams,
    body: channelRefsSchema,
    status: 200,
    response: groupChannelsSchema,
    errors: [400, 404, 413, 415],
    handle: ({ params: { groupId }, body: { channels } }) => {
      groups.unassign(groupId, channels);
      return { items: groups.members(groupId) };
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/trees/{kind}',
    tag,
    summary: 'The channels of all devices as a tree',
    access: 'admin',
    params: z.object({ kind: treeKindSchema }),
    status: 200,
    response: treeSchema,
    errors: [400],
    handle: ({ params: { kind } }) => {
      const branches = buildTree(kind, { devices: platform.devices(), channels: platform.channels() }, groups);
      return { kind, branches };
    },
  });
}
