export type * from './types.ts';
export type * from './pipeline-types.ts';
export type * from './relay-types.ts';
export { parseH264Sps } from './codec/h264-sps.ts';
export { createDepacketizer } from './ps/depacketizer.ts';
export { ReorderBuffer, type ReorderSink } from './rtp/reorder-buffer.ts';
export { parseRtcp, type SenderReport } from './rtp/rtcp.ts';
export { createRtpView, parseRtp, parseRtpAt } from './rtp/rtp-packet.ts';
export { createMediaThreads } from './thread/media-threads.ts';
