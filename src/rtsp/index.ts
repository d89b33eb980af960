export { createRtspServer, type RtspServer } from './server.ts';
