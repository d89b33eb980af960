import type { Channel, ChannelPatch } from '../api/types.ts';

/** What the operator has set of a channel; an empty field is what the device says. */
export interface OverrideForm {
  name: string;
  longitude: string;
  latitude: string;
}

/** What the device itself says. */
export const toldBy = ({ told, name, longitude, latitude }: Channel) => told ?? { name, longitude, latitude };

export function toOverrideForm(channel: Channel): OverrideForm {
  const told = toldBy(channel);
  const moved = channel.longitude !== told.longitude || channel.latitude !== told.latitude;
  return {
    name: channel.name === told.name ? '' : channel.name,
    longitude: moved ? String(channel.longitude) : '',
    latitude: moved ? String(channel.latitude) : '',
  };
}

const DEGREES = /^-?\d{1,3}(\.\d{1,12})?$/;
const within = (text: string, max: number) => DEGREES.test(text) && Math.abs(Number(text)) <= max;

/** A position is two numbers, or nothing. */
export function wrongPosition(form: OverrideForm): boolean {
  const [longitude, latitude] = [form.longitude.trim(), form.latitude.trim()];
  if (longitude === '' && latitude === '') return false;
  return !within(longitude, 180) || !within(latitude, 90);
}

/** Only what differs from the channel; null gives back the device's own. */
export function toChannelPatch(channel: Channel, form: OverrideForm): ChannelPatch {
  const before = toOverrideForm(channel);
  const [name, longitude, latitude] = [form.name.trim(), form.longitude.trim(), form.latitude.trim()];
  const position = longitude === '' ? null : { longitude: Number(longitude), latitude: Number(latitude) };
  const moved = longitude !== before.longitude || latitude !== before.latitude;
  return {
    ...(name !== before.name && { name: name === '' ? null : name }),
    ...(moved && !wrongPosition(form) && { position }),
  };
}
