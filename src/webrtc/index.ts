export { OfferCodecError, SdpError, ViewerLimitError, WebRtcPortError, WebRtcUnavailableError } from './errors.ts';
export type * from './types.ts';
export { createWebRtc } from './webrtc.ts';
