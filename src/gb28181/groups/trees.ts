import { parseGbId } from '../ids.ts';
import type { Channel } from '../catalogue/types.ts';
import type { ChannelRef, OwnGroups, TreeBranch, TreeInput, TreeKind } from './types.ts';

/** What lies deeper hangs on the last level: trees of devices have a handful. */
const MAX_LEVELS = 32;
/** Kinds of catalogue items that hold others. */
const BUSINESS: ReadonlySet<string> = new Set(['group', 'organisation']);

/** A branch that is being filled. */
interface Draft extends TreeBranch {
  readonly channels: ChannelRef[];
}

/** Channels of all devices under the branches of one kind of tree; what has no place is under `unassigned`. */
export function buildTree(kind: TreeKind, input: TreeInput, own: OwnGroups): TreeBranch[] {
  switch (kind) {
    case 'devices':
      return deviceTree(input);
    case 'regions':
      return regionTree(input);
    case 'business':
      return businessTree(input);
    case 'own':
      return ownTree(input, own);
  }
}

const refOf = ({ deviceId, id }: Channel): ChannelRef => ({ deviceId, channelId: id });
const keyOf = (deviceId: string, id: string): string => `${deviceId}/${id}`;

/** What can have a picture: cameras, and what is of no known kind and holds nothing. */
function leafTest(channels: readonly Channel[]): (channel: Channel) => boolean {
  const holders = new Map<string, Set<string>>();
  for (const { deviceId, parentId } of channels) {
    const known = holders.get(deviceId);
    if (known === undefined) holders.set(deviceId, new Set([parentId]));
    else known.add(parentId);
  }
  return ({ kind, deviceId, id }) => kind === 'video' || (kind === 'other' && holders.get(deviceId)?.has(id) !== true);
}

/** Branches by ID. */
class Branches {
  readonly #drafts = new Map<string, Draft>();
  readonly #unassigned: ChannelRef[] = [];

  add(id: string, kind: TreeBranch['kind'], name: string, parentId: string): void {
    if (!this.#drafts.has(id)) this.#drafts.set(id, { id, kind, name, parentId, channels: [] });
  }

  has(id: string): boolean {
    return this.#drafts.has(id);
  }

  /** Puts a channel into the branch, or to those without one. */
  put(id: string | undefined, channel: Channel): void {
    (id === undefined ? this.#unassigned : (this.#drafts.get(id)?.channels ?? this.#unassigned)).push(refOf(channel));
  }

  /** Parents that are not there are dropped, cycles are cut, levels are bounded. */
  finish(): TreeBranch[] {
    const places = new Map<string, Place>();
    for (const id of this.#drafts.keys()) this.#settle(id, places);
    const branches: TreeBranch[] = [...this.#drafts.values()].map((draft) => ({
      ...draft,
      parentId: places.get(draft.id)?.parentId ?? '',
    }));
    if (this.#unassigned.length > 0)
      branches.push({ id: 'unassigned', kind: 'unassigned', name: '', parentId: '', channels: this.#unassigned });
    return branches;
  }

  /** Place of a branch and of all above it; the one at which a cycle closes becomes a root. */
  #settle(id: string, places: Map<string, Place>): void {
    const path = new Set<string>();
    let at = id;
    while (this.#drafts.has(at) && !places.has(at) && !path.has(at)) {
      path.add(at);
      at = this.#drafts.get(at)?.parentId ?? '';
    }
    let above = path.has(at) ? undefined : places.get(at);
    let parent = above === undefined ? '' : at;
    for (const each of [...path].toReversed()) {
      // What is too deep lies beside its parent.
      const tooDeep = above !== undefined && above.level >= MAX_LEVELS;
      above = tooDeep ? above : { level: (above?.level ?? 0) + 1, parentId: parent };
      if (above !== undefined) places.set(each, above);
      parent = each;
    }
  }
}

interface Place {
  readonly level: number;
  readonly parentId: string;
}

function deviceTree({ devices, channels }: TreeInput): TreeBranch[] {
  const branches = new Branches();
  const isLeaf = leafTest(channels);
  for (const { id, name } of devices) branches.add(id, 'device', name === '' ? id : name, '');
  const inner = channels.filter((channel) => !isLeaf(channel) && channel.id !== channel.deviceId);
  for (const { deviceId, id, name, kind, parentId } of inner) {
    if (kind === 'audio' || kind === 'alarm' || kind === 'video') continue;
    const parent = parentId === deviceId ? deviceId : keyOf(deviceId, parentId);
    branches.add(keyOf(deviceId, id), kind === 'other' ? 'device' : kind, name === '' ? id : name, parent);
  }
  for (const channel of channels) if (isLeaf(channel)) branches.put(branchOf(channel, branches), channel);
  return branches.finish();
}

function branchOf({ deviceId, parentId }: Channel, branches: Branches): string {
  if (parentId === deviceId) return deviceId;
  const key = keyOf(deviceId, parentId);
  return branches.has(key) ? key : deviceId;
}

/** GB/T 28181 1.1: province, city, county and unit of two digits each; unused levels are `00`. */
function regionTree({ channels }: TreeInput): TreeBranch[] {
  const branches = new Branches();
  const isLeaf = leafTest(channels);
  const names = new Map<string, string>();
  for (const { kind, id, name } of channels) {
    const code = kind === 'region' ? regionCode(id) : undefined;
    if (code !== undefined && name !== '') names.set(code, name);
  }
  const add = (code: string): void => {
    for (let length = 2; length <= code.length; length += 2) {
      const region = code.slice(0, length);
      branches.add(region, 'region', names.get(region) ?? region, code.slice(0, length - 2));
    }
  };
  for (const code of names.keys()) add(code);
  for (const channel of channels) {
    if (!isLeaf(channel)) continue;
    const code = regionOf(channel);
    if (code !== undefined) add(code);
    branches.put(code, channel);
  }
  return branches.finish();
}

/** Even digits without empty levels at the end; undefined for what is no region code. */
function regionCode(text: string): string | undefined {
  if (!/^\d{2,10}$/.test(text)) return undefined;
  const code = text.slice(0, Math.min(8, text.length - (text.length % 2))).replace(/(?:00)+$/, '');
  return code === '' || code.startsWith('00') ? undefined : code;
}

/** Devices write anything into CivilCode (7.3); the digits of the ID name the region, too. */
function regionOf({ civilCode, parentId, id, deviceId }: Channel): string | undefined {
  const byParent = /^\d{2,8}$/.test(parentId) ? regionCode(parentId) : undefined;
  const centre = (each: string): string => parseGbId(each)?.centreCode ?? '';
  return regionCode(civilCode) ?? byParent ?? regionCode(centre(id)) ?? regionCode(centre(deviceId));
}

/** Business groups (215) and virtual organisations (216), each of the device that told it (7.3). */
function businessTree({ channels }: TreeInput): TreeBranch[] {
  const branches = new Branches();
  const isLeaf = leafTest(channels);
  const items = new Map(channels.map((channel) => [keyOf(channel.deviceId, channel.id), channel]));
  const nearest = nearestBusiness(items);
  for (const channel of channels) {
    if (channel.kind !== 'group' && channel.kind !== 'organisation') continue;
    const { deviceId, id, kind, name } = channel;
    branches.add(keyOf(deviceId, id), kind, name === '' ? id : name, homesOf(channel, items, nearest)[0] ?? '');
  }
  for (const channel of channels) {
    if (!isLeaf(channel)) continue;
    const homes = homesOf(channel, items, nearest);
    if (homes.length === 0) branches.put(undefined, channel);
    for (const home of homes) branches.put(home, channel);
  }
  return branches.finish();
}

type Nearest = (channel: Channel) => string | undefined;

/** The groups that an item names itself (`device/organisation`), else that of the item that it hangs on, else BusinessGroupID. */
function homesOf(channel: Channel, items: ReadonlyMap<string, Channel>, nearest: Nearest): string[] {
  const { deviceId, id, parentIdText, businessGroupId } = channel;
  const isGroup = (key: string): boolean => BUSINESS.has(items.get(key)?.kind ?? '');
  const named = parentIdText
    .split('/')
    .map((each) => each.trim())
    .filter((each) => each !== '' && each !== id)
    .map((each) => keyOf(deviceId, each))
    .filter(isGroup);
  if (named.length > 0) return [...new Set(named)];
  const above = nearest(channel) ?? keyOf(deviceId, businessGroupId);
  return isGroup(above) && above !== keyOf(deviceId, id) ? [above] : [];
}

/** Climbs by resolved parents, which have no cycles; each step is walked once. */
function nearestBusiness(items: ReadonlyMap<string, Channel>): Nearest {
  const known = new Map<string, string | undefined>();
  return (channel) => {
    const path: string[] = [];
    const seen = new Set<string>();
    let at = keyOf(channel.deviceId, channel.parentId);
    let found: string | undefined;
    while (!seen.has(at)) {
      const item = items.get(at);
      if (item === undefined) break;
      if (BUSINESS.has(item.kind)) {
        found = at;
        break;
      }
      if (known.has(at)) {
        found = known.get(at);
        break;
      }
      seen.add(at);
      path.push(at);
      at = keyOf(item.deviceId, item.parentId);
    }
    for (const each of path) known.set(each, found);
    return found;
  };
}

function ownTree({ channels }: TreeInput, own: OwnGroups): TreeBranch[] {
  const branches = new Branches();
  const left = new Map(
    channels.filter(leafTest(channels)).map((channel) => [keyOf(channel.deviceId, channel.id), channel]),
  );
  const all = new Map(left);
  for (const { id, name, parentId } of own.list()) branches.add(id, 'own', name, parentId);
  for (const { id } of own.list())
    for (const { deviceId, channelId } of own.members(id)) {
      const channel = all.get(keyOf(deviceId, channelId));
      // A channel that is gone from the catalogue keeps its place for when it is back.
      if (channel !== undefined) branches.put(id, channel);
      left.delete(keyOf(deviceId, channelId));
    }
  for (const channel of left.values()) branches.put(undefined, channel);
  return branches.finish();
}
