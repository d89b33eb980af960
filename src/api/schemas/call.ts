import { z } from 'zod';

const callUserSchema = z
  .object({
    uid: z.string(),
    uname: z.string(),
    userType: z.int().meta({ description: '0 normal, 1 observer' }),
    talkType: z.int().meta({ description: '0 audio, 1 audio and video, 2 video, 3 none' }),
    sessionId: z.string().meta({ description: 'As the records of calls have it' }),
    joinedAt: z.number(),
    online: z.boolean().meta({ description: 'False: its WebSocket is lost, it may still come back' }),
  })
  .meta({ id: 'CallUser' });

export const callRoomSchema = z
  .object({
    appId: z.string(),
    roomId: z.string(),
    roomName: z.string(),
    users: z.array(callUserSchema),
    connectedPairs: z.int().meta({ description: 'Pairs of users that have told that they are connected' }),
  })
  .meta({ id: 'CallRoom' });
