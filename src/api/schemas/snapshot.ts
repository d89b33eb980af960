import { z } from 'zod';
import { idSchema, pageOf, wholeNumber } from './common.ts';

export const snapshotOrderSchema = z
  .strictObject({
    count: z.int().min(1).max(10).default(1),
    intervalSec: z.int().min(1).max(3_600).default(1),
  })
  .meta({ id: 'SnapshotOrder' });

export const snapshotSchema = z
  .object({
    id: z.string(),
    sessionId: z.string(),
    deviceId: z.string(),
    channelId: z.string(),
    at: z.number(),
    bytes: z.int(),
  })
  .meta({ id: 'Snapshot' });

export const snapshotPage = pageOf(snapshotSchema, 'SnapshotPage');

export const snapshotSessionSchema = z
  .object({
    id: z.string(),
    deviceId: z.string(),
    channelId: z.string(),
    state: z.enum(['waiting', 'complete', 'partial', 'failed']),
    confirmed: z.boolean().meta({ description: 'The device answered the order with OK.' }),
    wanted: z.int(),
    snapshots: z.array(snapshotSchema),
    startedAt: z.number(),
    endedAt: z.number().optional(),
  })
  .meta({
    id: 'SnapshotSession',
    description: 'partial and failed: the device said that it is done, or time ran out, with some or none of them.',
  });

export const snapshotQuery = {
  page: wholeNumber(1, 1_000_000).default(1),
  limit: wholeNumber(1, 500).default(50),
  deviceId: idSchema.optional(),
  channelId: idSchema.optional(),
};
