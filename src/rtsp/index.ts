export type { RtspAccount } from './access.ts';
export { createPulls } from './pull/pulls.ts';
export type * from './pull/types.ts';
export { createPushes } from './push/pushes.ts';
export type * from './push/types.ts';
export { createRtspServer, type RtspServer } from './server.ts';
