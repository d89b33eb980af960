import type { Platform } from './gb28181/index.ts';
import type { Recordings } from './record/index.ts';
import { createRoomActors, type RoomActors } from './rooms/actors/index.ts';
import type { Meetings } from './rooms/meeting/index.ts';
import { createPushes } from './rtsp/index.ts';
import type { Streams } from './stream/index.ts';
import type { Logger } from './util/index.ts';

/** What cameras, recorders and relayers of meetings are made of. */
export interface ActorSides {
  readonly version: string;
  readonly meetings: Meetings;
  readonly platform: Platform;
  readonly streams: Streams;
  readonly recordings: Recordings;
  readonly log: Logger;
}

/** Members of meetings that the gateway itself brings in. */
export function openActors({ version, meetings, platform, streams, recordings, log }: ActorSides): RoomActors {
  const pushes = createPushes({ userAgent: `gbrtc/${version}` }, { streams, log });
  return createRoomActors({ meetings, platform, streams, recordings, pushes, log });
}
