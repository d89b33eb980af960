import { z } from 'zod';
import { idSchema } from './common.ts';

const nameSchema = z.string().trim().min(1).max(128);
const groupIdSchema = z.string().max(64);

export const groupSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    parentId: z.string().meta({ description: 'Empty for a root' }),
    channelCount: z.int(),
  })
  .meta({ id: 'Group', description: 'A group that the operator made.' });

export const newGroupSchema = z
  .strictObject({ name: nameSchema, parentId: groupIdSchema.default('') })
  .meta({ id: 'NewGroup' });

export const groupPatchSchema = z
  .strictObject({ name: nameSchema, parentId: groupIdSchema })
  .partial()
  .meta({ id: 'GroupPatch', description: 'An empty parentId makes a root of it.' });

const channelRefSchema = z.object({ deviceId: idSchema, channelId: idSchema }).meta({ id: 'ChannelRef' });
const MAX_AT_ONCE = 500;

export const channelRefsSchema = z
  .strictObject({ channels: z.array(channelRefSchema).min(1).max(MAX_AT_ONCE) })
  .meta({ id: 'ChannelRefs' });

export const groupChannelsSchema = z.object({ items: z.array(channelRefSchema) }).meta({ id: 'GroupChannels' });

export const treeKindSchema = z.enum(['devices', 'regions', 'business', 'own']);

export const treeSchema = z
  .object({
    kind: treeKindSchema,
    branches: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(['device', 'region', 'group', 'organisation', 'system', 'own', 'unassigned']),
        name: z.string().meta({ description: 'Empty for `unassigned`' }),
        parentId: z.string().meta({ description: 'Empty for a root' }),
        channels: z.array(channelRefSchema),
      }),
    ),
  })
  .meta({
    id: 'ChannelTree',
    description:
      'Branches of a tree over all devices: regions by CivilCode, business groups (215) and virtual organisations (216), or the operator’s own groups. Channels without a place are in `unassigned`. No cycles, at most 32 levels.',
  });

const degrees = (max: number) => z.number().min(-max).max(max);

/** What the operator sets in place of what the device says; null takes it back. */
export const channelPatchSchema = z
  .strictObject({
    name: nameSchema.nullable(),
    position: z.strictObject({ longitude: degrees(180), latitude: degrees(90) }).nullable(),
  })
  .partial()
  .meta({ id: 'ChannelPatch', description: 'null takes a value back to what the device says. WGS-84 degrees.' });
