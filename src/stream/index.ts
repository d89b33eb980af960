export type * from './errors.ts';
export type * from './history/types.ts';
export type * from './puller-types.ts';
export type * from './rtp-publication-types.ts';
export { spropOf } from './sprop.ts';
export { publishedName } from './stream-name.ts';
export { createStreams, type StreamsParts } from './streams.ts';
export type * from './tap-types.ts';
export type * from './types.ts';
