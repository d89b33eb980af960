import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { safeEmit, type Logger } from '../../util/index.ts';
import type { Platform } from '../types.ts';
import { GroupCycleError, GroupLimitError, GroupUnknownError } from './errors.ts';
import type { ChannelRef, GroupStore, OwnGroup, OwnGroups, OwnGroupsEvents } from './types.ts';

export interface OwnGroupsParts {
  readonly store: GroupStore;
  /** Of a forgotten device no channel stays in a group. */
  readonly platform: Pick<Platform, 'on'>;
  readonly log: Logger;
}

const MAX_GROUPS = 10_000;
const MAX_LEVELS = 16;
/** Of all groups together. */
const MAX_MEMBERS = 200_000;

/** Loads the operator's groups and keeps them. */
export function createOwnGroups(parts: OwnGroupsParts): OwnGroups {
  return new StoredGroups(parts);
}

const keyOf = ({ deviceId, channelId }: ChannelRef): string => JSON.stringify([deviceId, channelId]);

class StoredGroups extends EventEmitter<OwnGroupsEvents> implements OwnGroups {
  readonly #store: GroupStore;
  readonly #log: Logger;
  readonly #groups = new Map<string, OwnGroup>();
  readonly #members = new Map<string, Map<string, ChannelRef>>();
  #memberCount = 0;

  constructor({ store, platform, log }: OwnGroupsParts) {
    super();
    this.#store = store;
    this.#log = log;
    for (const group of store.loadGroups()) this.#groups.set(group.id, group);
    for (const { groupId, ...channel } of store.loadMembers()) this.#add(groupId, channel);
    platform.on('deviceRemoved', (deviceId) => this.#forget(deviceId));
  }

  list(): readonly OwnGroup[] {
    return [...this.#groups.values()];
  }

  get(id: string): OwnGroup | undefined {
    return this.#groups.get(id);
  }

  members(id: string): ChannelRef[] {
    return [...(this.#members.get(id)?.values() ?? [])];
  }

  create(name: string, parentId: string): OwnGroup {
    if (this.#groups.size >= MAX_GROUPS) throw new GroupLimitError('groups', this.#groups.size + 1, MAX_GROUPS);
    this.#requireRoom(this.#pathTo(parentId).length + 1);
    const group = { id: randomUUID(), name, parentId };
    return this.#save(group);
  }

  change(id: string, change: { readonly name?: string; readonly parentId?: string }): OwnGroup {
    const group = { ...this.#known(id), ...change };
    const path = this.#pathTo(group.parentId);
    if (path.includes(id)) throw new GroupCycleError(group.name, this.#known(group.parentId).name);
    this.#requireRoom(path.length + this.#heightOf(id));
    return this.#save(group);
  }

  remove(id: string): number {
    this.#known(id);
    const gone = this.#withAllBelow(id).flat();
    this.#store.deleteGroups(gone);
    for (const each of gone) {
      this.#groups.delete(each);
      this.#memberCount -= this.#members.get(each)?.size ?? 0;
      this.#members.delete(each);
    }
    this.#changed();
    return gone.length;
  }

  assign(id: string, channels: readonly ChannelRef[]): void {
    this.#known(id);
    const has = this.#members.get(id);
    const added = [...new Map(channels.map((channel) => [keyOf(channel), channel]))]
      .filter(([key]) => has?.has(key) !== true)
      .map(([, channel]) => channel);
    const total = this.#memberCount + added.length;
    if (total > MAX_MEMBERS) throw new GroupLimitError('channels in groups', total, MAX_MEMBERS);
    this.#store.addMembers(added.map((channel) => ({ groupId: id, ...channel })));
    for (const channel of added) this.#add(id, channel);
    if (added.length > 0) this.#changed();
  }

  unassign(id: string, channels: readonly ChannelRef[]): void {
    this.#known(id);
    this.#store.removeMembers(channels.map((channel) => ({ groupId: id, ...channel })));
    const members = this.#members.get(id);
    let removed = 0;
    for (const channel of channels) if (members?.delete(keyOf(channel)) === true) removed += 1;
    this.#memberCount -= removed;
    if (removed > 0) this.#changed();
  }

  #add(id: string, { deviceId, channelId }: ChannelRef): void {
    const members = this.#members.get(id) ?? new Map<string, ChannelRef>();
    this.#members.set(id, members);
    const channel = { deviceId, channelId };
    members.set(keyOf(channel), channel);
    this.#memberCount += 1;
  }

  #forget(deviceId: string): void {
    for (const id of this.#members.keys()) {
      const gone = this.members(id).filter((channel) => channel.deviceId === deviceId);
      if (gone.length > 0) this.unassign(id, gone);
    }
  }

  #known(id: string): OwnGroup {
    const group = this.#groups.get(id);
    if (group === undefined) throw new GroupUnknownError(id);
    return group;
  }

  /** The group and those above it; empty for the top. */
  #pathTo(id: string): string[] {
    const path: string[] = [];
    for (let at = id; at !== '' && !path.includes(at); at = this.#known(at).parentId) path.push(at);
    return path;
  }

  /** Level by level, the group itself first. */
  #withAllBelow(id: string): string[][] {
    const below = Map.groupBy(this.#groups.values(), ({ parentId }) => parentId);
    const levels: string[][] = [];
    // A stored cycle must not hang anything.
    const seen = new Set<string>();
    const isNew = (each: string): boolean => !seen.has(each) && seen.add(each).size > 0;
    let level = [id].filter(isNew);
    while (level.length > 0) {
      levels.push(level);
      level = level
        .flatMap((each) => below.get(each) ?? [])
        .map((each) => each.id)
        .filter(isNew);
    }
    return levels;
  }

  #heightOf(id: string): number {
    return this.#withAllBelow(id).length;
  }

  #requireRoom(levels: number): void {
    if (levels > MAX_LEVELS) throw new GroupLimitError('levels of groups', levels, MAX_LEVELS);
  }

  #save(group: OwnGroup): OwnGroup {
    this.#store.saveGroup(group);
    this.#groups.set(group.id, group);
    this.#changed();
    return group;
  }

  #changed(): void {
    safeEmit<OwnGroupsEvents, 'changed'>(this, this.#log, 'changed');
  }
}
