import { CameraOptionError } from './errors.ts';

const STANDARD = /^(\d{10})(\d{3})(\d)(\d{6})$/;
const SERIALS = 1_000_000;
const CAMERA_TYPE = '131';

/** GB/T 28181 1.1 IDs counted up in their last six digits. @throws CameraOptionError */
export function countUp(firstId: string, count: number): string[] {
  if (count === 1) return [firstId];
  const match = STANDARD.exec(firstId);
  if (match === null)
    throw new CameraOptionError(`several devices need an ID of 20 digits to count from, got ${firstId}`);
  const [, region = '', type = '', network = '', serial = ''] = match;
  if (Number(serial) + count > SERIALS) {
    throw new CameraOptionError(`${count} devices from serial ${serial} on pass the last serial ${SERIALS - 1}`);
  }
  return Array.from({ length: count }, (_, n) => `${region}${type}${network}${pad(Number(serial) + n)}`);
}

/**
 * Channel IDs of a device (type 131, GB/T 28181 Annex D), different for the devices of one range. A device whose ID is
 * no standard one has itself as its only channel, as simple cameras do.
 */
export function channelIds(deviceId: string, count: number): string[] {
  const match = STANDARD.exec(deviceId);
  if (match === null) return Array.from({ length: count }, (_, n) => (n === 0 ? deviceId : `${deviceId}-${n + 1}`));
  const [, region = '', , network = '', serial = ''] = match;
  const first = count === 1 ? Number(serial) : Number(serial) * count;
  return Array.from({ length: count }, (_, n) => `${region}${CAMERA_TYPE}${network}${pad((first + n) % SERIALS)}`);
}

function pad(serial: number): string {
  return String(serial).padStart(6, '0');
}
