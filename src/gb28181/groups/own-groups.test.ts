import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { silentLogger } from '../../util/index.ts';
import type { PlatformEvents } from '../types.ts';
import { createOwnGroups } from './own-groups.ts';
import type { GroupMember, GroupStore, OwnGroup, OwnGroups } from './types.ts';

/** Rows as a table keeps them. */
class MemoryGroups implements GroupStore {
  groups: OwnGroup[] = [];
  members: GroupMember[] = [];
  loadGroups = () => this.groups;
  loadMembers = () => this.members;
  saveGroup(group: OwnGroup): void {
    this.groups = [...this.groups.filter(({ id }) => id !== group.id), group];
  }
  deleteGroups(ids: readonly string[]): void {
    this.groups = this.groups.filter(({ id }) => !ids.includes(id));
    this.members = this.members.filter(({ groupId }) => !ids.includes(groupId));
  }
  addMembers(members: readonly GroupMember[]): void {
    this.members.push(...members);
  }
  removeMembers(gone: readonly GroupMember[]): void {
    const keys = new Set(gone.map((each) => JSON.stringify(each)));
    this.members = this.members.filter((each) => !keys.has(JSON.stringify(each)));
  }
}

const CHANNEL = { deviceId: 'd1', channelId: 'c1' };
const OTHER = { deviceId: 'd2', channelId: 'c1' };

function open(store = new MemoryGroups()) {
  const platform = new EventEmitter<PlatformEvents>();
  const groups = createOwnGroups({ store, platform: platform as never, log: silentLogger });
  return { store, platform, groups };
}

const shape = (groups: OwnGroups): string[] =>
  groups.list().map(({ name, parentId }) => `${groups.get(parentId)?.name ?? ''}/${name}`);

test('made, renamed, moved, deleted with what lies below; a restart finds the same', () => {
  const { groups, store } = open();
  const a = groups.create('a', '');
  const b = groups.create('b', a.id);
  const c = groups.create('c', b.id);
  groups.change(b.id, { name: 'B' });
  groups.assign(c.id, [CHANNEL]);
  expect(shape(groups)).toEqual(['/a', 'a/B', 'B/c']);
  groups.change(c.id, { parentId: '' });
  expect(shape(open(store).groups).toSorted()).toEqual(['/a', '/c', 'a/B']);
  expect(open(store).groups.members(c.id)).toEqual([CHANNEL]);
  groups.change(c.id, { parentId: b.id });
  expect(groups.remove(a.id)).toBe(3);
  expect([groups.list(), store.groups, store.members]).toEqual([[], [], []]);
});

test.each(['itself', 'its child', 'its grandchild'])('a cycle is refused: into %s', (where) => {
  const { groups } = open();
  const a = groups.create('a', '');
  const b = groups.create('b', a.id);
  const c = groups.create('c', b.id);
  const parentId = { itself: a.id, 'its child': b.id, 'its grandchild': c.id }[where] ?? '';
  expect(() => groups.change(a.id, { parentId })).toThrow(expect.objectContaining({ code: 'group_cycle' }) as Error);
  expect(shape(groups)).toEqual(['/a', 'a/b', 'b/c']);
});

test('what is not known is refused', () => {
  const { groups } = open();
  const unknown = expect.objectContaining({ code: 'group_unknown' }) as Error;
  expect(() => groups.create('a', 'nobody')).toThrow(unknown);
  expect(() => groups.change('nobody', { name: 'x' })).toThrow(unknown);
  expect(() => groups.remove('nobody')).toThrow(unknown);
  expect(() => groups.assign('nobody', [CHANNEL])).toThrow(unknown);
  expect(() => groups.unassign('nobody', [CHANNEL])).toThrow(unknown);
});

test('levels are bounded, when a group is made and when a whole branch moves', () => {
  const { groups } = open();
  const limit = expect.objectContaining({ code: 'group_limit' }) as Error;
  let parent = '';
  for (let level = 1; level <= 16; level += 1) parent = groups.create(`l${level}`, parent).id;
  expect(() => groups.create('l17', parent)).toThrow(limit);
  const top = groups.create('top', '');
  groups.create('below', top.id);
  const eighth = groups.list().find(({ name }) => name === 'l15')?.id ?? '';
  expect(() => groups.change(top.id, { parentId: eighth })).toThrow(limit);
});

test('a channel is in a group once, in any number of groups, and goes with its device', () => {
  const { groups, store, platform } = open();
  const [a, b] = [groups.create('a', ''), groups.create('b', '')];
  let changes = 0;
  groups.on('changed', () => (changes += 1));
  groups.assign(a.id, [CHANNEL, CHANNEL, OTHER]);
  groups.assign(a.id, [CHANNEL]);
  groups.assign(b.id, [CHANNEL]);
  expect([groups.members(a.id), groups.members(b.id), changes]).toEqual([[CHANNEL, OTHER], [CHANNEL], 2]);
  groups.unassign(b.id, [OTHER]);
  groups.unassign(b.id, [CHANNEL]);
  expect([groups.members(b.id), changes]).toEqual([[], 3]);
  platform.emit('deviceRemoved', 'd1');
  expect([groups.members(a.id), store.members]).toEqual([[OTHER], [{ groupId: a.id, ...OTHER }]]);
});

test('a stored cycle does not hang anything', () => {
  const store = new MemoryGroups();
  store.groups = [
    { id: '1', name: 'a', parentId: '2' },
    { id: '2', name: 'b', parentId: '1' },
  ];
  const { groups } = open(store);
  expect(groups.change('1', { parentId: '' })).toMatchObject({ parentId: '' });
});
