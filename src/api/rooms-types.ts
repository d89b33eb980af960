import type { z } from 'zod';
import type { MemberStreams } from './auth/stream-rights.ts';
import type { callRoomSchema } from './schemas/call.ts';
import type { iceServerSchema } from './schemas/ice-server.ts';
import type { mediaNodeSchema, newMediaNodeSchema, roomSchema, roomSummarySchema } from './schemas/room.ts';

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** What the API needs of the RoomServer; `Calls` of src/rooms is one. */
export interface ApiCalls {
  readonly counts: { readonly rooms: number; readonly users: number; readonly connectedPairs: number };
  /** At most `limit` running rooms, oldest first. */
  rooms(limit: number): ReadonlyArray<DeepReadonly<z.infer<typeof callRoomSchema>>>;
}

/** What the API needs of the ICE servers; `Ice` of src/rooms is one. */
export interface ApiIceServers {
  servers(): ReadonlyArray<
    Readonly<Omit<z.infer<typeof iceServerSchema>, 'heardAt'>> & { readonly heardAt: number | undefined }
  >;
}

/** What the API needs of the MeetingServer; `Meetings` of src/rooms is one. Errors are GatewayErrors. */
export interface ApiRooms extends MemberStreams {
  readonly counters: {
    readonly rooms: number;
    readonly members: number;
    readonly requests: number;
    readonly failures: number;
    readonly events: number;
  };
  /** By app and channel. */
  list(): ReadonlyArray<DeepReadonly<z.infer<typeof roomSummarySchema>>>;
  get(app: string, channel: string): DeepReadonly<z.infer<typeof roomSchema>> | undefined;
  /** Returns false for an unknown member. */
  kick(app: string, channel: string, endpoint: string): boolean;
  heartbeat(node: z.infer<typeof newMediaNodeSchema>): DeepReadonly<z.infer<typeof mediaNodeSchema>>;
  nodes(): ReadonlyArray<DeepReadonly<z.infer<typeof mediaNodeSchema>>>;
  /** Returns false for an unknown node. */
  removeNode(id: string): boolean;
}
