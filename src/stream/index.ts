export { SdpError } from '../webrtc/index.ts';
export { StreamError, StreamLimitError, StreamNotFoundError } from './errors.ts';
export type { StreamsOptions } from './options.ts';
export { createStreams, type StreamsParts } from './streams.ts';
export type * from './types.ts';
