import { type CaptureChoice, NO_SOUND } from './capture.ts';

/** Value of the camera choice: none at all. */
export const NO_CAMERA = 'none';

/** What somebody takes into a conversation; empty = the browser's default. */
export interface DeviceForm {
  cameraId: string;
  /** Microphone's id, or NO_SOUND. */
  sound: string;
  speakerId: string;
  /** As others shall see it. */
  name: string;
}

const textOr = (value: unknown, fallback: string, max: number) =>
  typeof value === 'string' ? value.slice(0, max) : fallback;

/** Longest name that is shown and sent. */
export const MAX_NAME = 40;

/** What somebody chose the last time; whatever does not fit is replaced. */
export const restoreDeviceForm = (stored: Readonly<Record<string, unknown>>): DeviceForm => ({
  cameraId: textOr(stored['cameraId'], '', 400),
  sound: textOr(stored['sound'], '', 400),
  speakerId: textOr(stored['speakerId'], '', 400),
  name: textOr(stored['name'], '', MAX_NAME),
});

/** What to capture; `cameraless`: there is no camera, whatever was chosen. Undefined = nothing at all. */
export function deviceChoice({ cameraId, sound }: DeviceForm, cameraless: boolean): CaptureChoice {
  const none = cameraless || cameraId === NO_CAMERA;
  return {
    source: none ? 'microphone' : 'camera',
    cameraId: none ? '' : cameraId,
    sound,
    resolution: '1280x720',
  };
}

/** Neither a picture nor a sound is wanted. */
export const choosesNothing = ({ source, sound }: CaptureChoice) => source === 'microphone' && sound === NO_SOUND;
