import type { Channel, ChannelRef, Device, TreeBranch } from '../api/types.ts';
import { channelKey, channelLabel, hasAll, searchWords, textOf, type TreeRow } from './tree.ts';

export interface BranchTreeInput {
  readonly branches: readonly TreeBranch[];
  readonly channelOf: (ref: ChannelRef) => Channel | undefined;
  readonly deviceOf: (deviceId: string) => Device | undefined;
  readonly isExpanded: (key: string) => boolean;
  readonly search: string;
  readonly onlineOnly: boolean;
  /** Name of the branch for what has no place. */
  readonly unassigned: string;
}

interface Leaf {
  readonly channel: Channel;
  readonly device: Device;
  readonly on: boolean;
  readonly matches: boolean;
}

interface Node {
  readonly branch: TreeBranch;
  readonly label: string;
  readonly children: Node[];
  leaves: Leaf[];
  total: number;
  on: number;
  matches: boolean;
}

/** The server has at most 32 levels; a cycle would be its fault, and must not hang the page. */
const MAX_DEPTH = 40;
const collator = new Intl.Collator(undefined, { numeric: true });

/** The visible lines of a tree over all devices. A search opens every branch that has a match and hides the rest. */
export function buildBranchTree(input: BranchTreeInput): TreeRow[] {
  const words = searchWords(input.search);
  const rows: TreeRow[] = [];
  for (const root of rootsOf(input, words)) pushNode(root, 0);
  return rows;

  function pushNode(node: Node, depth: number): void {
    if (!node.matches || (input.onlineOnly && node.on === 0) || depth > MAX_DEPTH) return;
    const { branch, label, children, leaves, total, on } = node;
    const key = `branch/${branch.id}`;
    const expandable = children.length > 0 || leaves.length > 0;
    const expanded = expandable && (words.length > 0 || input.isExpanded(key));
    rows.push({ key, kind: 'folder', depth, deviceId: '', label, online: on > 0, expandable, expanded, total, on });
    if (!expanded) return;
    for (const child of children) pushNode(child, depth + 1);
    for (const leaf of leaves) pushLeaf(leaf, branch.id, depth + 1);
  }

  function pushLeaf({ channel, device, on, matches }: Leaf, branchId: string, depth: number): void {
    if (!matches || (input.onlineOnly && !on)) return;
    rows.push({
      // A channel may be in several branches.
      key: `${branchId}/${channelKey(channel.deviceId, channel.id)}`,
      kind: 'channel',
      depth,
      deviceId: channel.deviceId,
      channel,
      device,
      label: channelLabel(channel),
      online: on,
      expandable: false,
      expanded: false,
      total: 1,
      on: Number(on),
    });
  }
}

function rootsOf(input: BranchTreeInput, words: readonly string[]): Node[] {
  const nodes = new Map<string, Node>();
  for (const branch of input.branches) {
    const label = branch.kind === 'unassigned' ? input.unassigned : branch.name;
    nodes.set(branch.id, { branch, label, children: [], leaves: [], total: 0, on: 0, matches: false });
  }
  const roots: Node[] = [];
  for (const node of nodes.values()) (nodes.get(node.branch.parentId)?.children ?? roots).push(node);
  for (const root of roots) settle(root, { input, words }, false, 0);
  return sorted(roots);
}

/** By name, what has no place last. */
function sorted(nodes: Node[]): Node[] {
  const last = (node: Node) => Number(node.branch.kind === 'unassigned');
  return nodes.sort((a, b) => last(a) - last(b) || collator.compare(a.label, b.label));
}

/** Counts and matches from the leaves up. */
function settle(
  node: Node,
  asked: { input: BranchTreeInput; words: readonly string[] },
  above: boolean,
  depth: number,
): void {
  const { input, words } = asked;
  const own = above || hasAll(node.label.toLowerCase(), words);
  node.matches = own;
  for (const ref of node.branch.channels) {
    const channel = input.channelOf(ref);
    const device = input.deviceOf(ref.deviceId);
    if (!channel || !device) continue;
    const matches = own || hasAll(textOf(channel.name, channel.id), words);
    node.leaves.push({ channel, device, matches, on: device.online && channel.status === 'ON' });
    node.matches ||= matches;
  }
  node.leaves.sort((a, b) => collator.compare(channelLabel(a.channel), channelLabel(b.channel)));
  node.total = node.leaves.length;
  node.on = node.leaves.filter(({ on }) => on).length;
  if (depth > MAX_DEPTH) return;
  for (const child of sorted(node.children)) {
    settle(child, asked, own, depth + 1);
    node.total += child.total;
    node.on += child.on;
    node.matches ||= child.matches;
  }
}
