export { ProgramClock } from './program-clock.ts';
export { TrackClock, type DeviceStamp } from './track-clock.ts';
export { PES_CLOCK_MODULUS, RTP_CLOCK_MODULUS, wrapDelta } from './wrap.ts';
