export { isLocation } from './caller.ts';
export { createWebSocketHub } from './hub.ts';
export { SourceRates } from './message-rate.ts';
export { openWebSocketPorts } from './ports.ts';
export { handlePost } from './post-handler.ts';
export type { RefusedConnections } from './refused.ts';
export type * from './types.ts';
