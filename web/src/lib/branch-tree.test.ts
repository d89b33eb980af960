import { describe, expect, test } from 'vitest';
import type { Channel, ChannelRef, Device, Group, TreeBranch } from '../api/types.ts';
import { buildBranchTree, type BranchTreeInput } from './branch-tree.ts';
import { groupLines } from './group-lines.ts';

const device = { id: 'd', online: true } as Device;
const channel = (id: string, name: string, status: 'ON' | 'OFF' = 'ON') =>
  ({ deviceId: 'd', id, name, status, kind: 'video' }) as Channel;
const ref = (channelId: string): ChannelRef => ({ deviceId: 'd', channelId });
const branch = (id: string, name: string, parentId: string, ...channels: string[]): TreeBranch => ({
  id,
  kind: id === 'unassigned' ? 'unassigned' : 'own',
  name,
  parentId,
  channels: channels.map(ref),
});

const CHANNELS = [channel('c1', 'Gate 10'), channel('c2', 'Gate 2', 'OFF'), channel('c3', 'Hall')];
const BRANCHES = [
  branch('unassigned', '', '', 'c3'),
  branch('a', 'Site', ''),
  branch('b', 'Floor', 'a', 'c1', 'c2', 'gone'),
  branch('e', 'Empty', ''),
];

function tree(more: Partial<BranchTreeInput> = {}): string[] {
  const byId = new Map(CHANNELS.map((each) => [each.id, each]));
  const rows = buildBranchTree({
    branches: BRANCHES,
    channelOf: ({ channelId }) => byId.get(channelId),
    deviceOf: (id) => (id === 'd' ? device : undefined),
    isExpanded: () => true,
    search: '',
    onlineOnly: false,
    unassigned: 'Rest',
    ...more,
  });
  return rows.map(({ depth, label, on, total }) => `${'-'.repeat(depth)}${label} ${on}/${total}`);
}

describe('tree over all devices', () => {
  test('branches by name, what has no place last; channels that are gone are left out', () => {
    expect(tree()).toEqual([
      'Empty 0/0',
      'Site 1/2',
      '-Floor 1/2',
      '--Gate 2 0/1',
      '--Gate 10 1/1',
      'Rest 1/1',
      '-Hall 1/1',
    ]);
  });

  test('folded', () => expect(tree({ isExpanded: () => false })).toEqual(['Empty 0/0', 'Site 1/2', 'Rest 1/1']));

  test('a search opens what has a match', () => {
    expect(tree({ search: 'gate 10', isExpanded: () => false })).toEqual(['Site 1/2', '-Floor 1/2', '--Gate 10 1/1']);
    expect(tree({ search: 'site' })).toEqual(['Site 1/2', '-Floor 1/2', '--Gate 2 0/1', '--Gate 10 1/1']);
    expect(tree({ search: 'nothing' })).toEqual([]);
  });

  test('online only', () => {
    expect(tree({ onlineOnly: true })).toEqual(['Site 1/2', '-Floor 1/2', '--Gate 10 1/1', 'Rest 1/1', '-Hall 1/1']);
  });

  test('a channel in two branches has two lines with keys of their own', () => {
    const branches = [branch('a', 'A', '', 'c1'), branch('b', 'B', '', 'c1')];
    const byId = () => CHANNELS[0];
    const rows = buildBranchTree({
      branches,
      channelOf: byId,
      deviceOf: () => device,
      isExpanded: () => true,
      search: '',
      onlineOnly: false,
      unassigned: '',
    });
    expect(new Set(rows.map(({ key }) => key)).size).toBe(4);
  });

  test('10,000 channels in 500 branches are lines within the time of a few pictures', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => channel(`c${at}`, `摄像机 ${at}`));
    const byId = new Map(many.map((each) => [each.id, each]));
    const branches = Array.from({ length: 500 }, (_, at) =>
      branch(`b${at}`, `Branch ${at}`, '', ...many.slice(at * 20, at * 20 + 20).map(({ id }) => id)),
    );
    const started = performance.now();
    const rows = buildBranchTree({
      branches,
      channelOf: ({ channelId }) => byId.get(channelId),
      deviceOf: () => device,
      isExpanded: () => true,
      search: '',
      onlineOnly: false,
      unassigned: '',
    });
    expect(rows).toHaveLength(10_500);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

test('groups as an indented list', () => {
  const group = (id: string, name: string, parentId: string): Group => ({ id, name, parentId, channelCount: 0 });
  const groups = [group('2', 'B', '1'), group('3', 'A 10', '1'), group('4', 'A 2', '1'), group('1', 'Top', '')];
  expect(groupLines(groups).map(({ group: { name }, depth }) => `${depth} ${name}`)).toEqual([
    '0 Top',
    '1 A 2',
    '1 A 10',
    '1 B',
  ]);
});
