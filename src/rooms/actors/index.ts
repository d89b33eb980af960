export { createRoomActors } from './actors.ts';
export type { RoomActors } from './types.ts';
