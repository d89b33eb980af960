export { createIce } from './ice.ts';
export type { Ice } from './types.ts';
