export type * from './types.ts';
export type * from './pipeline-types.ts';
export type * from './relay-types.ts';
export { createDepacketizer } from './ps/depacketizer.ts';
export { createRtpView, parseRtp } from './rtp/rtp-packet.ts';
export { createMediaThreads } from './thread/media-threads.ts';
