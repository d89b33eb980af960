export type * from './types.ts';
export { createWebRtc } from './webrtc.ts';
