export { GroupCycleError, GroupLimitError, GroupUnknownError } from './errors.ts';
export { ChannelOverrides } from './overrides.ts';
export { createOwnGroups } from './own-groups.ts';
export { buildTree } from './trees.ts';
export type * from './types.ts';
