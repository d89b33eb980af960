import { call } from './http.ts';
import type { ChannelRef, ChannelTree, Group, TreeKind } from './types.ts';

const group = (id: string) => `/groups/${encodeURIComponent(id)}`;
/** As many as the server takes at once. */
const AT_ONCE = 500;

export const channelTree = (kind: TreeKind) => call<ChannelTree>('GET', `/trees/${kind}`);
export const listGroups = async () => (await call<{ items: Group[] }>('GET', '/groups')).items;
export const createGroup = (name: string, parentId: string) =>
  call<Group>('POST', '/groups', { body: { name, parentId } });
export const patchGroup = (id: string, body: { name?: string; parentId?: string }) =>
  call<Group>('PATCH', group(id), { body });
export const deleteGroup = (id: string) => call<{ removed: number }>('DELETE', group(id));
export const groupChannels = async (id: string) =>
  (await call<{ items: ChannelRef[] }>('GET', `${group(id)}/channels`)).items;
export const assignChannels = (id: string, channels: readonly ChannelRef[]) =>
  call<unknown>('POST', `${group(id)}/channels`, { body: { channels: channels.slice(0, AT_ONCE) } });
export const unassignChannels = (id: string, channels: readonly ChannelRef[]) =>
  call<unknown>('POST', `${group(id)}/channels/remove`, { body: { channels: channels.slice(0, AT_ONCE) } });
