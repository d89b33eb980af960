export { formatDateHeader, formatGbTime, parseGbTime } from './beijing-time.ts';
export { decodeText, detectCharset, encodeText } from './charset.ts';
export * from './errors.ts';
export * from './gb-sdp.ts';
export { domainOf, isUsableId, kindOfItem, parseGbId, typeCodeOf, type GbId } from './ids.ts';
export * from './manscdp/index.ts';
export {
  formatMediaFormat,
  parseMediaFormat,
  type AudioFormat,
  type MediaFormat,
  type VideoFormat,
} from './media-format.ts';
export { createPlatform, type PlatformParts } from './platform.ts';
export {
  decodePtz,
  encodePtz,
  ptzOfMove,
  type PtzAuxiliary,
  type PtzAxis,
  type PtzCommand,
  type PtzCruise,
  type PtzFault,
  type PtzLens,
  type PtzMotion,
  type PtzPreset,
  type PtzScan,
} from './ptz.ts';
export { formatSsrc, parseSsrc, SsrcAllocator } from './ssrc.ts';
export { subStreamAttributes, subStreamOf } from './sub-stream.ts';
export { formatSubject, parseSubject, type Subject } from './subject.ts';
export type * from './types.ts';
