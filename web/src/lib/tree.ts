import type { Channel, Device } from '../api/types.ts';

/** A line of the tree as it is on the screen. */
export interface TreeRow {
  readonly key: string;
  readonly kind: 'device' | 'folder' | 'channel';
  readonly depth: number;
  /** Empty for a branch over several devices. */
  readonly deviceId: string;
  /** Absent for a device and for such a branch. */
  readonly channel?: Channel;
  /** Absent for a branch over several devices. */
  readonly device?: Device;
  readonly label: string;
  readonly online: boolean;
  readonly expandable: boolean;
  readonly expanded: boolean;
  /** Playable channels below and how many of them are on. */
  readonly total: number;
  readonly on: number;
}

const PLAYABLE: ReadonlySet<string> = new Set(['video', 'other']);
/** Deeper catalogues than this are cut; GB/T 28181 trees have at most a handful of levels. */
const MAX_DEPTH = 12;

/** Whether a catalogue item can have a picture. */
export const isPlayable = (channel: Channel): boolean => PLAYABLE.has(channel.kind);

/** Alarm inputs and groups may stand before the first camera of a catalogue. */
export const firstPlayable = (channels: readonly Channel[]): Channel | undefined => channels.find(isPlayable);

export const channelKey = (deviceId: string, channelId: string) => `${deviceId}/${channelId}`;
export const deviceLabel = (device: Device) => device.settings.name || device.name || device.id;
export const channelLabel = (channel: Channel) => channel.name || channel.id;

interface Node {
  readonly channel: Channel;
  readonly children: Node[];
  total: number;
  on: number;
  matches: boolean;
}

/** Lower-case words; every one has to be found. */
export const searchWords = (search: string): string[] => search.toLowerCase().split(/\s+/).filter(Boolean);

export const hasAll = (text: string, words: readonly string[]) => words.every((word) => text.includes(word));
export const textOf = (...parts: string[]) => parts.join(' ').toLowerCase();

/** Made once: to sort ten thousand names by `localeCompare` takes a hundred times as long. */
const collator = new Intl.Collator(undefined, { numeric: true });

const byLabel = (a: Node, b: Node) => collator.compare(channelLabel(a.channel), channelLabel(b.channel));
export const byDeviceLabel = (a: Device, b: Device) => collator.compare(deviceLabel(a), deviceLabel(b));

/** Hangs the channels under their parents; one whose parent is missing becomes a root. */
function buildNodes(device: Device, channels: readonly Channel[]): Node[] {
  const nodes = new Map<string, Node>();
  for (const channel of channels) nodes.set(channel.id, { channel, children: [], total: 0, on: 0, matches: false });
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    const { id, parentId } = node.channel;
    const parent = parentId === id || parentId === device.id ? undefined : nodes.get(parentId);
    (parent?.children ?? roots).push(node);
  }
  return roots;
}

/** Counts and matches from the leaves up; `above` = the device or a folder above matches already. */
function settle(node: Node, device: Device, words: readonly string[], above: boolean): void {
  const { channel, children } = node;
  const own = above || hasAll(textOf(channel.name, channel.id), words);
  const playable = isPlayable(channel);
  node.total = playable ? 1 : 0;
  node.on = playable && device.online && channel.status === 'ON' ? 1 : 0;
  node.matches = own;
  children.sort(byLabel);
  for (const child of children) {
    settle(child, device, words, own);
    node.total += child.total;
    node.on += child.on;
    node.matches ||= child.matches;
  }
}

export interface TreeInput {
  readonly devices: readonly Device[];
  readonly channelsOf: (deviceId: string) => readonly Channel[];
  readonly isExpanded: (key: string) => boolean;
  readonly search: string;
  readonly onlineOnly?: boolean;
}

/** The visible lines, top to bottom. A search opens every branch that has a match and hides the rest. */
export function buildTree({ devices, channelsOf, isExpanded, search, onlineOnly = false }: TreeInput): TreeRow[] {
  const words = searchWords(search);
  const searching = words.length > 0;
  const rows: TreeRow[] = [];

  const pushNode = (node: Node, device: Device, depth: number): void => {
    const { channel, children } = node;
    if (!node.matches || (onlineOnly && node.on === 0)) return;
    const key = channelKey(device.id, channel.id);
    const playable = isPlayable(channel);
    if (!playable && node.total === 0) return;
    const expanded = children.length > 0 && (searching || isExpanded(key));
    rows.push({
      key,
      kind: playable ? 'channel' : 'folder',
      depth,
      deviceId: device.id,
      channel,
      device,
      label: channelLabel(channel),
      online: playable ? device.online && channel.status === 'ON' : node.on > 0,
      expandable: children.length > 0,
      expanded,
      total: node.total,
      on: node.on,
    });
    if (expanded && depth < MAX_DEPTH) for (const child of children) pushNode(child, device, depth + 1);
  };

  for (const device of devices) {
    if (onlineOnly && !device.online) continue;
    const own = hasAll(textOf(device.settings.name ?? '', device.name, device.id, device.sourceAddress), words);
    const roots = buildNodes(device, channelsOf(device.id));
    for (const root of roots) settle(root, device, words, own);
    roots.sort(byLabel);
    if (!own && !roots.some((root) => root.matches)) continue;
    const expanded = roots.length > 0 && (searching || isExpanded(device.id));
    rows.push({
      key: device.id,
      kind: 'device',
      depth: 0,
      deviceId: device.id,
      device,
      label: deviceLabel(device),
      online: device.online,
      expandable: roots.length > 0,
      expanded,
      total: roots.reduce((sum, root) => sum + root.total, 0),
      on: roots.reduce((sum, root) => sum + root.on, 0),
    });
    if (expanded) for (const root of roots) pushNode(root, device, 1);
  }
  return rows;
}

/** Online first, then by name. */
export function sortDevices(devices: Iterable<Device>): Device[] {
  return [...devices].sort((a, b) => Number(b.online) - Number(a.online) || byDeviceLabel(a, b));
}
