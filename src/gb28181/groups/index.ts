export { createOwnGroups } from './own-groups.ts';
export { buildTree } from './trees.ts';
export type * from './types.ts';
