export {
  findSdpValue,
  sdpAttribute,
  sdpAttributes,
  sdpConnection,
  sdpDirection,
  sdpOrigin,
  sdpRtpmaps,
  sdpTiming,
  sdpValue,
} from './fields.ts';
export { formatSdp } from './format.ts';
export { parseSdp } from './parse.ts';
export type * from './types.ts';
