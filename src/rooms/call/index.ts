export { createCalls } from './calls.ts';
export { finishSubsession } from './talk.ts';
export type { CallIce, CallOptions, Calls } from './types.ts';
