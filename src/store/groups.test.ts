import { expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { createGroupStore } from './groups.ts';

const A = { deviceId: 'd', channelId: "c'; DROP TABLE own_group; --" };
const B = { deviceId: 'd', channelId: 'c2' };

test('groups and their members', () => {
  const db = openDatabase(':memory:');
  const store = createGroupStore(db);
  store.saveGroup({ id: '1', name: 'a', parentId: '' });
  store.saveGroup({ id: '2', name: 'b', parentId: '1' });
  store.saveGroup({ id: '2', name: 'B', parentId: '' });
  store.addMembers([
    { groupId: '1', ...A },
    { groupId: '1', ...A },
    { groupId: '2', ...B },
  ]);
  const again = createGroupStore(db);
  expect(again.loadGroups()).toEqual([
    { id: '2', name: 'B', parentId: '' },
    { id: '1', name: 'a', parentId: '' },
  ]);
  expect(again.loadMembers()).toEqual([
    { groupId: '1', ...A },
    { groupId: '2', ...B },
  ]);
  store.removeMembers([{ groupId: '1', ...A }]);
  store.deleteGroups(['2']);
  expect([store.loadGroups(), store.loadMembers()]).toEqual([[{ id: '1', name: 'a', parentId: '' }], []]);
  db.close();
});

test('overrides', () => {
  const db = openDatabase(':memory:');
  const store = createGroupStore(db);
  store.saveOverride(A, { name: 'Gate' });
  store.saveOverride(A, { longitude: 0, latitude: -31.5 });
  store.saveOverride(B, { name: 'Door' });
  expect(store.loadOverrides()).toEqual([
    { ...A, longitude: 0, latitude: -31.5 },
    { ...B, name: 'Door' },
  ]);
  store.deleteOverride(B);
  expect(store.loadOverrides()).toHaveLength(1);
  store.deleteOverrides('d');
  expect(store.loadOverrides()).toEqual([]);
  db.close();
});
