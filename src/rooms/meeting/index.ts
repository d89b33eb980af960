export { createMeetings } from './meetings.ts';
export type * from './types.ts';
