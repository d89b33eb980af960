import type {
  ChannelOverride,
  ChannelRef,
  GroupMember,
  GroupStore,
  OverrideStore,
  OwnGroup,
} from '../gb28181/index.ts';
import type { Database } from './database.ts';
import { migrate } from './migrations.ts';

const STEPS = [
  `CREATE TABLE own_group (id TEXT PRIMARY KEY, name TEXT NOT NULL, parent_id TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE own_group_member (
     group_id TEXT, device_id TEXT, channel_id TEXT, PRIMARY KEY (group_id, device_id, channel_id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE channel_override (
     device_id TEXT, channel_id TEXT, name TEXT, longitude REAL, latitude REAL, PRIMARY KEY (device_id, channel_id)
   ) STRICT, WITHOUT ROWID;`,
];

interface MemberRow {
  readonly group_id: string;
  readonly device_id: string;
  readonly channel_id: string;
}

interface OverrideRow {
  readonly device_id: string;
  readonly channel_id: string;
  readonly name: string | null;
  readonly longitude: number | null;
  readonly latitude: number | null;
}

/** The operator's groups, and the names and positions that he gave to channels. Written at once: people wait for it. */
export function createGroupStore(db: Database): GroupStore & OverrideStore {
  migrate(db, 'groups', STEPS);
  const prepare = (sql: string) => db.sqlite.prepare(sql);
  const groups = prepare('SELECT id, name, parent_id AS parentId FROM own_group ORDER BY name, id');
  const members = prepare('SELECT * FROM own_group_member');
  const saveGroup = prepare(
    'INSERT INTO own_group VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, parent_id = excluded.parent_id',
  );
  const deleteGroup = prepare('DELETE FROM own_group WHERE id = ?');
  const deleteMembers = prepare('DELETE FROM own_group_member WHERE group_id = ?');
  const addMember = prepare('INSERT OR IGNORE INTO own_group_member VALUES (?, ?, ?)');
  const removeMember = prepare('DELETE FROM own_group_member WHERE group_id = ? AND device_id = ? AND channel_id = ?');
  const overrides = prepare('SELECT * FROM channel_override');
  const saveOverride = prepare('INSERT OR REPLACE INTO channel_override VALUES (?, ?, ?, ?, ?)');
  const deleteOverride = prepare('DELETE FROM channel_override WHERE device_id = ? AND channel_id = ?');
  const deleteOverrides = prepare('DELETE FROM channel_override WHERE device_id = ?');
  const each = (list: readonly GroupMember[], statement: typeof addMember): void =>
    db.transaction(() => {
      for (const { groupId, deviceId, channelId } of list) statement.run(groupId, deviceId, channelId);
    });
  return {
    loadGroups: () => (groups.all() as unknown as OwnGroup[]).map((row) => ({ ...row })),
    loadMembers: () => (members.all() as unknown as MemberRow[]).map(memberOf),
    saveGroup: ({ id, name, parentId }) => void saveGroup.run(id, name, parentId),
    deleteGroups: (ids) =>
      db.transaction(() => {
        for (const id of ids) {
          deleteMembers.run(id);
          deleteGroup.run(id);
        }
      }),
    addMembers: (list) => each(list, addMember),
    removeMembers: (list) => each(list, removeMember),
    loadOverrides: () => (overrides.all() as unknown as OverrideRow[]).map(overrideOf),
    saveOverride: ({ deviceId, channelId }, { name, longitude, latitude }) =>
      void saveOverride.run(deviceId, channelId, name ?? null, longitude ?? null, latitude ?? null),
    deleteOverride: ({ deviceId, channelId }) => void deleteOverride.run(deviceId, channelId),
    deleteOverrides: (deviceId) => void deleteOverrides.run(deviceId),
  };
}

function memberOf({ group_id: groupId, device_id: deviceId, channel_id: channelId }: MemberRow): GroupMember {
  return { groupId, deviceId, channelId };
}

function overrideOf(row: OverrideRow): ChannelRef & ChannelOverride {
  const { device_id: deviceId, channel_id: channelId, name, longitude, latitude } = row;
  return {
    deviceId,
    channelId,
    ...(name !== null && { name }),
    ...(longitude !== null && latitude !== null && { longitude, latitude }),
  };
}
