export type { RtspAuth } from './access.ts';
export { createRtspServer, type RtspServer, type RtspServerOptions } from './server.ts';
