import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { finish, silentLogger } from '../../util/index.ts';
import { buildChannels } from '../catalogue/channels.ts';
import { EMPTY_CATALOG_ITEM } from '../manscdp/index.ts';
import type { CatalogItem, Channel, Device } from '../types.ts';
import { createOwnGroups } from './own-groups.ts';
import { buildTree } from './trees.ts';
import type { OwnGroups, TreeKind } from './types.ts';

const DEVICE = '34020000001180000001';
const CAMERA = '34020000001310000001';
const SECOND = '34020000001310000002';
const GROUP = '34020000002150000001';
const ORG = '34020000002160000001';
const SUB_ORG = '34020000002160000002';

const item = (id: string, more: Partial<CatalogItem> = {}): CatalogItem => ({ ...EMPTY_CATALOG_ITEM, id, ...more });
const channelsOf = (...items: CatalogItem[]): Channel[] => finish(buildChannels(DEVICE, items, [], 1));
const devices = [{ id: DEVICE, name: 'NVR' } as Device];

function noGroups(): OwnGroups {
  const store = {
    loadGroups: () => [],
    loadMembers: () => [],
    saveGroup: () => undefined,
    deleteGroups: () => undefined,
    addMembers: () => undefined,
    removeMembers: () => undefined,
  };
  return createOwnGroups({ store, platform: new EventEmitter() as never, log: silentLogger });
}

/** `parent > name (kind): channels`, the parent by its ID. */
function tree(kind: TreeKind, channels: readonly Channel[], groups = noGroups()): string[] {
  return buildTree(kind, { devices, channels }, groups).map(
    ({ parentId, name, kind: sort, channels: leaves }) =>
      `${parentId} > ${name} (${sort}): ${leaves.map(({ channelId }) => channelId).join(' ')}`,
  );
}

describe('regions', () => {
  test.each([
    { civilCode: '340200', path: '34 3402' },
    { civilCode: '341000', path: '34 3410' },
    { civilCode: '340000', path: '34' },
    { civilCode: '3402', path: '34 3402' },
    { civilCode: '34020312', path: '34 3402 340203 34020312' },
    { civilCode: '3402031299', path: '34 3402 340203 34020312' },
    // The ID's centre code.
    { civilCode: 'CivilCode', path: '34 3402' },
    { civilCode: '', path: '34 3402' },
    { civilCode: '000000', path: '34 3402' },
  ])('civil code $civilCode: $path', ({ civilCode, path }) => {
    const branches = tree('regions', channelsOf(item(CAMERA, { civilCode })));
    const codes = path.split(' ');
    expect(branches).toEqual(
      codes.map((code, at) => `${codes[at - 1] ?? ''} > ${code} (region): ${at === codes.length - 1 ? CAMERA : ''}`),
    );
  });

  test('names come from region items, which are there without cameras, too', () => {
    const channels = channelsOf(
      item('34', { name: '安徽' }),
      item('340200', { name: '芜湖' }),
      item('3405', { name: '马鞍山' }),
    );
    expect(tree('regions', channels)).toEqual([' > 安徽 (region): ', '34 > 芜湖 (region): ', '34 > 马鞍山 (region): ']);
  });

  test('a short ID without a civil code has no region', () => {
    const channels = [{ ...channelsOf(item('cam1'))[0], deviceId: 'nvr' } as Channel];
    expect(tree('regions', channels)).toEqual([' >  (unassigned): cam1']);
  });
});

describe('business groups and virtual organisations', () => {
  const group = item(GROUP, { name: 'group', parentIdText: DEVICE });
  const org = item(ORG, { name: 'org', parentIdText: GROUP, businessGroupId: GROUP });
  const key = (id: string): string => `${DEVICE}/${id}`;

  test.each([
    { name: 'parent/organisation', camera: { parentIdText: `${DEVICE}/${ORG}` }, home: 'org' },
    { name: 'organisation only', camera: { parentIdText: ORG }, home: 'org' },
    { name: 'both', camera: { parentIdText: `${GROUP}/${ORG}` }, home: 'group org' },
    { name: 'BusinessGroupID only', camera: { businessGroupId: GROUP }, home: 'group' },
    { name: 'an organisation that is not there', camera: { parentIdText: `${DEVICE}/x` }, home: '' },
    { name: 'none', camera: { parentIdText: DEVICE }, home: '' },
  ])('$name', ({ camera, home }) => {
    const found = buildTree(
      'business',
      { devices, channels: channelsOf(group, org, item(CAMERA, camera)) },
      noGroups(),
    );
    const homes = found.filter(({ channels }) => channels.length > 0).map(({ name }) => name);
    expect(homes.join(' ')).toBe(home);
  });

  test('an organisation directly under a group says so by its BusinessGroupID (2022)', () => {
    const s22 = item(ORG, { name: 'org', businessGroupId: GROUP });
    const sub = item(SUB_ORG, { name: 'sub', parentIdText: ORG, businessGroupId: GROUP });
    expect(tree('business', channelsOf(group, s22, sub))).toEqual([
      ' > group (group): ',
      `${key(GROUP)} > org (organisation): `,
      `${key(ORG)} > sub (organisation): `,
    ]);
  });

  test('the camera of a recorder that is in an organisation', () => {
    const nvr = item('34020000001110000001', { parental: 1, parentIdText: ORG });
    const channels = channelsOf(group, org, nvr, item(CAMERA, { parentIdText: nvr.id }));
    expect(tree('business', channels)[1]).toBe(`${key(GROUP)} > org (organisation): ${CAMERA}`);
  });

  test('a cycle of organisations is cut', () => {
    const one = item(ORG, { name: 'one', parentIdText: SUB_ORG });
    const two = item(SUB_ORG, { name: 'two', parentIdText: ORG });
    const branches = buildTree('business', { devices, channels: channelsOf(one, two) }, noGroups());
    expect(branches.filter(({ parentId }) => parentId === '')).toHaveLength(1);
    expect(branches).toHaveLength(2);
  });
});

describe('devices', () => {
  test('regions, systems and groups of a device are branches, cameras leaves; an unknown parent is the device', () => {
    const channels = channelsOf(
      item(GROUP, { name: 'group', parentIdText: DEVICE }),
      item(CAMERA, { parentIdText: GROUP }),
      item(SECOND, { parentIdText: 'nobody' }),
    );
    expect(tree('devices', channels)).toEqual([` > NVR (device): ${SECOND}`, `${DEVICE} > group (group): ${CAMERA}`]);
  });

  test('organisations in each other 10,000 deep: defined levels, in no time', () => {
    const id = (at: number): string => `3402000000216${String(at).padStart(7, '0')}`;
    const chain = Array.from({ length: 10_000 }, (_, at) => item(id(at), { parentIdText: at === 0 ? '' : id(at - 1) }));
    const started = performance.now();
    for (const kind of ['devices', 'business'] as const) {
      const branches = new Map(
        buildTree(kind, { devices, channels: channelsOf(...chain) }, noGroups()).map((each) => [each.id, each]),
      );
      const depth = (at: string): number => (at === '' ? 0 : 1 + depth(branches.get(at)?.parentId ?? ''));
      const deepest = Math.max(...[...branches.keys()].map(depth));
      expect(deepest).toBe(32);
    }
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

test('own groups: a channel in two, one that is gone, the rest without a place', () => {
  const groups = noGroups();
  const a = groups.create('a', '');
  const b = groups.create('b', a.id);
  const ref = (channelId: string) => ({ deviceId: DEVICE, channelId });
  groups.assign(a.id, [ref(CAMERA), ref('gone')]);
  groups.assign(b.id, [ref(CAMERA)]);
  expect(tree('own', channelsOf(item(CAMERA), item(SECOND)), groups)).toEqual([
    ` > a (own): ${CAMERA}`,
    `${a.id} > b (own): ${CAMERA}`,
    ` >  (unassigned): ${SECOND}`,
  ]);
});
