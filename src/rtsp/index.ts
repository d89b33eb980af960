export type { RtspAccount } from './access.ts';
export { createPulls } from './pull/pulls.ts';
export type * from './pull/types.ts';
export { createRtspServer, type RtspServer } from './server.ts';
