export { createCalls } from './calls.ts';
export type { CallIce, CallOptions, Calls } from './types.ts';
