import { call } from './http.ts';

interface RoomToken {
  readonly token: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

/** A day: an invitation is sent before the meeting. */
const INVITATION_SEC = 86_400;

/** Lets its bearer into one room under any name. For administrators. */
export const createRoomToken = (app: string, room: string) =>
  call<RoomToken>('POST', '/tokens', { body: { scope: 'room', app, room, lifetimeSec: INVITATION_SEC } });

const room = (app: string, channel: string) => `/rooms/${encodeURIComponent(app)}/${encodeURIComponent(channel)}`;

/** A camera of the tree becomes a member that everybody sees. */
export const addRoomCamera = (app: string, channel: string, camera: { deviceId: string; channelId: string }) =>
  call<unknown>('POST', `${room(app, channel)}/cameras`, { body: camera });

export const removeRoomCamera = (app: string, channel: string, endpoint: string) =>
  call<void>('DELETE', `${room(app, channel)}/cameras/${encodeURIComponent(endpoint)}`);
