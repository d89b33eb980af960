import { describe, expect, test } from 'vitest';
import type { Channel, ChannelKind, Device } from '../api/types.ts';
import { buildTree, firstPlayable, searchWords, sortDevices, type TreeRow } from './tree.ts';

const device = (id: string, fields: Partial<Device> = {}): Device => ({
  id,
  name: `NVR ${id}`,
  manufacturer: '',
  model: '',
  firmware: '',
  online: true,
  admission: 'approved',
  protocol: 'UDP',
  sourceAddress: '192.0.2.9',
  sourcePort: 5060,
  userAgent: '',
  gbVersion: '2.0',
  registeredAt: 0,
  lastSeenAt: 0,
  expiresSec: 3600,
  keepaliveIntervalSec: 60,
  keepaliveCount: 0,
  channelCount: 0,
  settings: { passwordSet: false },
  ...fields,
});

const channel = (id: string, name: string, parentId = 'd1', kind: ChannelKind = 'video'): Channel => ({
  deviceId: 'd1',
  id,
  name,
  manufacturer: '',
  model: '',
  parentId,
  ipAddress: '',
  status: 'ON',
  longitude: 0,
  latitude: 0,
  ptzType: 0,
  kind,
});

const catalogue = [
  channel('g1', 'Floor 1', 'd1', 'region'),
  channel('c1', 'Gate', 'g1'),
  { ...channel('c2', 'Hall 10', 'g1'), status: 'OFF' as const },
  channel('c3', 'Hall 2', 'g1'),
  channel('c4', 'Roof', 'gone'),
  channel('a1', 'Alarm in', 'd1', 'alarm'),
  channel('g2', 'Empty floor', 'd1', 'region'),
];

const tree = (fields: Partial<Parameters<typeof buildTree>[0]> = {}) =>
  buildTree({ devices: [device('d1')], channelsOf: () => catalogue, isExpanded: () => true, search: '', ...fields });
const labels = (rows: TreeRow[]) => rows.map(({ label, depth }) => `${'-'.repeat(depth)}${label}`);

describe('buildTree', () => {
  test('folders hold their channels, names sort as numbers, an orphan becomes a root, what cannot play is left out', () => {
    expect(labels(tree())).toEqual(['NVR d1', '-Floor 1', '--Gate', '--Hall 2', '--Hall 10', '-Roof']);
  });

  test('counts of playable channels and of those that are on', () => {
    expect(tree()[0]).toMatchObject({ total: 4, on: 3 });
    expect(tree()[1]).toMatchObject({ kind: 'folder', total: 3, on: 2, online: true });
  });

  test('channels of an offline device are off, whatever the catalogue said', () => {
    const rows = tree({ devices: [device('d1', { online: false })] });
    expect(rows[0]).toMatchObject({ on: 0 });
    expect(rows.every(({ online }) => !online)).toBe(true);
  });

  test('closed branches hide their lines', () => {
    expect(labels(tree({ isExpanded: () => false }))).toEqual(['NVR d1']);
    expect(labels(tree({ isExpanded: (key) => key === 'd1' }))).toEqual(['NVR d1', '-Floor 1', '-Roof']);
  });

  test.each([
    { search: 'hall', expected: ['NVR d1', '-Floor 1', '--Hall 2', '--Hall 10'] },
    { search: 'HALL 10', expected: ['NVR d1', '-Floor 1', '--Hall 10'] },
    { search: 'c4', expected: ['NVR d1', '-Roof'] },
    { search: 'floor 1', expected: ['NVR d1', '-Floor 1', '--Gate', '--Hall 2', '--Hall 10'] },
    { search: '192.0.2.9', expected: ['NVR d1', '-Floor 1', '--Gate', '--Hall 2', '--Hall 10', '-Roof'] },
    { search: 'nothing', expected: [] },
  ])('search "$search" opens what it finds', ({ search, expected }) => {
    expect(labels(tree({ search, isExpanded: () => false }))).toEqual(expected);
  });

  test('only what is online', () => {
    expect(labels(tree({ onlineOnly: true }))).not.toContain('--Hall 10');
    expect(tree({ onlineOnly: true, devices: [device('d1', { online: false })] })).toEqual([]);
  });

  test('the name that the operator gave wins', () => {
    expect(tree({ devices: [device('d1', { settings: { name: 'Shop', passwordSet: false } })] })[0]?.label).toBe(
      'Shop',
    );
  });
});

test('sortDevices: online first, then by name', () => {
  const list = [device('2', { online: false }), device('10'), device('9')];
  expect(sortDevices(list).map(({ id }) => id)).toEqual(['9', '10', '2']);
});

test('searchWords', () => expect(searchWords('  Hall  2 ')).toEqual(['hall', '2']));

test('the first camera of a catalogue is no alarm input and no group', () => {
  const kinds = (['alarm', 'group', 'video', 'video'] as const).map((kind, index) =>
    channel(`c${index}`, '', 'd1', kind as ChannelKind),
  );
  expect(firstPlayable(kinds)?.id).toBe('c2');
  expect(firstPlayable([])).toBeUndefined();
});
