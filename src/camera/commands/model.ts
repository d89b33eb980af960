import type { VirtualDevice } from '../device.ts';

export const MANUFACTURER = 'gbrtc';
export const FIRMWARE = 'V1.0';
const MODEL = { camera: 'VC-1', recorder: 'VR-1' } as const;

export function modelOf({ channels }: VirtualDevice): string {
  return channels.length > 1 ? MODEL.recorder : MODEL.camera;
}
