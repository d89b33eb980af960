export type * from './types.ts';
export type * from './pipeline-types.ts';
export type { Delivery } from './codec/access-unit-emitter.ts';
export { FRAME_DROPPED } from './codec/access-unit-emitter.ts';
export { ALAW_TO_ULAW, alawToLinear, linearToAlaw, linearToUlaw, ULAW_TO_ALAW, ulawToLinear } from './codec/g711.ts';
export { createG711Packetizer, type G711PacketizerOptions } from './packetizer/g711-packetizer.ts';
export { createH264Packetizer, type H264PacketizerOptions } from './packetizer/h264-packetizer.ts';
export { createDepacketizer, type DepacketizerOptions } from './ps/depacketizer.ts';
export { ReceiverStatistics } from './rtp/receiver-statistics.ts';
export { ReorderBuffer, type ReorderOptions, type ReorderSink } from './rtp/reorder-buffer.ts';
export { Rfc4571Framer, type FramerSink } from './rtp/rfc4571-framer.ts';
export {
  formatBye,
  formatReceiverReport,
  parseRtcp,
  type ReportBlock,
  type RtcpError,
  type RtcpRecord,
  type SenderReport,
} from './rtp/rtcp.ts';
export { createRtpView, isRtcp, isRtcpAt, parseRtp, parseRtpAt, type RtpError } from './rtp/rtp-packet.ts';
export { PortsExhaustedError } from './ports/index.ts';
export { MediaBindError, SsrcTakenError, ThreadDiedError } from './thread/errors.ts';
export { createMediaThreads } from './thread/media-threads.ts';
