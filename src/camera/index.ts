export { createCamera } from './camera.ts';
export { clockStrip, decodeClockStrip } from './clock-code.ts';
export type * from './types.ts';
