import type { EventEmitter } from 'node:events';
import type { Channel } from '../catalogue/types.ts';
import type { Device } from '../device/types.ts';

/** A channel by its device and its own ID. */
export interface ChannelRef {
  readonly deviceId: string;
  readonly channelId: string;
}

/** A group that the operator made. */
export interface OwnGroup {
  readonly id: string;
  readonly name: string;
  /** Empty for a root. */
  readonly parentId: string;
}

export interface GroupMember extends ChannelRef {
  readonly groupId: string;
}

/** Persistence of the operator's groups; implemented in src/store. */
export interface GroupStore {
  loadGroups(): OwnGroup[];
  loadMembers(): GroupMember[];
  saveGroup(group: OwnGroup): void;
  /** With their members. */
  deleteGroups(ids: readonly string[]): void;
  addMembers(members: readonly GroupMember[]): void;
  removeMembers(members: readonly GroupMember[]): void;
}

/** What the operator sets in place of what the device says; absent = the device's. */
export interface ChannelOverride {
  readonly name?: string;
  /** WGS-84 degrees; both or none. */
  readonly longitude?: number;
  readonly latitude?: number;
}

/** Persistence of overrides; implemented in src/store. */
export interface OverrideStore {
  loadOverrides(): Array<ChannelRef & ChannelOverride>;
  saveOverride(channel: ChannelRef, override: ChannelOverride): void;
  deleteOverride(channel: ChannelRef): void;
  deleteOverrides(deviceId: string): void;
}

export type OwnGroupsEvents = {
  changed: [];
};

/** The operator's groups, a forest; channels may be in any number of them. */
export interface OwnGroups extends EventEmitter<OwnGroupsEvents> {
  list(): readonly OwnGroup[];
  get(id: string): OwnGroup | undefined;
  members(id: string): ChannelRef[];
  /** @throws GroupUnknownError, GroupLimitError */
  create(name: string, parentId: string): OwnGroup;
  /** @throws GroupUnknownError, GroupCycleError, GroupLimitError */
  change(id: string, change: { readonly name?: string; readonly parentId?: string }): OwnGroup;
  /** With all groups below; the channels stay where they are. Returns how many went. @throws GroupUnknownError */
  remove(id: string): number;
  /** @throws GroupUnknownError, GroupLimitError */
  assign(id: string, channels: readonly ChannelRef[]): void;
  /** @throws GroupUnknownError */
  unassign(id: string, channels: readonly ChannelRef[]): void;
}

export type TreeKind = 'devices' | 'regions' | 'business' | 'own';

/** A branch of a tree; the channels are its leaves. */
export interface TreeBranch {
  readonly id: string;
  readonly kind: 'device' | 'region' | 'group' | 'organisation' | 'system' | 'own' | 'unassigned';
  readonly name: string;
  /** Empty for a root. Never a cycle, and at most 32 branches deep. */
  readonly parentId: string;
  readonly channels: readonly ChannelRef[];
}

export interface TreeInput {
  readonly devices: readonly Device[];
  readonly channels: readonly Channel[];
}
