export type * from './types.ts';
export type * from './pipeline-types.ts';
