import { z } from 'zod';
import type { Channel } from '../../gb28181/index.ts';

export const channelKindSchema = z.enum([
  'video',
  'audio',
  'alarm',
  'region',
  'group',
  'organisation',
  'system',
  'other',
]);

export const channelSchema = z
  .object({
    deviceId: z.string(),
    id: z.string(),
    name: z.string(),
    manufacturer: z.string(),
    model: z.string(),
    owner: z.string(),
    civilCode: z.string(),
    block: z.string(),
    address: z.string(),
    parental: z.number(),
    parentIdText: z.string(),
    parentId: z.string(),
    businessGroupId: z.string(),
    safetyWay: z.number(),
    registerWay: z.number(),
    secrecy: z.number(),
    ipAddress: z.string(),
    port: z.number(),
    status: z.enum(['ON', 'OFF']),
    fault: z
      .enum(['VLOST', 'DEFECT'])
      .optional()
      .meta({ description: 'Why it is OFF, where the device says so: no video signal, or out of order.' }),
    longitude: z.number(),
    latitude: z.number(),
    ptzType: z.number(),
    resolution: z.string(),
    downloadSpeed: z.string(),
    streamNumbers: z.string(),
    details: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'What else the device tells, by the names of the standard, e.g. DirectionType, MAC.' }),
    kind: channelKindSchema,
    updatedAt: z.number(),
    told: z
      .object({ name: z.string(), longitude: z.number(), latitude: z.number() })
      .optional()
      .meta({ description: 'What the device says, where the operator has set a name or a position.' }),
  })
  .meta({ id: 'Channel', description: 'Catalogue item, GB/T 28181-2022 annex A.2.1.9.' });

export interface TreeNode {
  readonly channel: Channel;
  readonly children: TreeNode[];
}

export const treeNodeSchema = z
  .object({
    channel: channelSchema,
    get children() {
      return z.array(treeNodeSchema);
    },
  })
  .meta({ id: 'TreeNode' });

/** Levels of a tree; what lies deeper hangs on the last one, so that writing it as JSON cannot overflow. */
const MAX_DEPTH = 32;

/** The channels of one device by `parentId`; the ones whose parent is not there are roots. */
export function buildTree(channels: readonly Channel[]): TreeNode[] {
  const nodes = new Map<string, TreeNode>();
  for (const channel of channels) nodes.set(channel.id, { channel, children: [] });
  const childrenOf = new Map<TreeNode, TreeNode[]>();
  const roots: TreeNode[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.channel.parentId);
    if (parent === undefined || parent === node) roots.push(node);
    else {
      const siblings = childrenOf.get(parent);
      if (siblings === undefined) childrenOf.set(parent, [node]);
      else siblings.push(node);
    }
  }
  const queue = roots.map((node) => ({ node, into: node, depth: 1 }));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { node, into, depth } = next;
    for (const child of childrenOf.get(node) ?? []) {
      into.children.push(child);
      queue.push(depth < MAX_DEPTH ? { node: child, into: child, depth: depth + 1 } : { node: child, into, depth });
    }
  }
  return roots;
}
