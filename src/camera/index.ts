export { createCamera } from './camera.ts';
export { CLOCK_CODE, clockStrip, decodeClockCode, decodeClockStrip, type ClockStrip } from './clock-code.ts';
export { CameraNotReadyError, CameraOptionError, ClipError } from './errors.ts';
export { assetPath } from './media-source.ts';
export { QUIRKS, type Quirk } from './quirks.ts';
export type * from './types.ts';
