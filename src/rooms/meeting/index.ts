export { createMeetings } from './meetings.ts';
export type {
  LocalMember,
  LocalMemberEvents,
  LocalMemberRequest,
  MediaNode,
  MediaNodeView,
  MeetingOptions,
  Meetings,
  MemberStream,
  RoomSummary,
  RoomView,
} from './types.ts';
