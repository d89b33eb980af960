import { describe, expect, test } from 'vitest';
import {
  type CellTarget,
  emptyLayout,
  findCell,
  nextCell,
  publicationTarget,
  resizeLayout,
  restoreLayout,
  setCell,
  swapCells,
  targetStream,
} from './layout.ts';

const camera = (channelId: string): CellTarget => ({ deviceId: 'd', channelId, subStream: 0 });

describe('restoreLayout', () => {
  test.each([
    { name: 'nothing stored', stored: {} },
    { name: 'wrong types', stored: { size: 7, selected: 'x', cells: 'no' } },
    { name: 'cells that are no cameras', stored: { cells: [1, null, { deviceId: '../x', channelId: 'c' }, {}] } },
  ])('$name: an empty 4-grid', ({ stored }) => expect(restoreLayout(stored)).toEqual(emptyLayout()));

  test('what was remembered comes back, bounded', () => {
    const cells = Array.from({ length: 40 }, (_, index) => camera(`c${index}`));
    const layout = restoreLayout({ size: 9, selected: 8, cells });
    expect(layout).toMatchObject({ size: 9, selected: 8 });
    expect(layout.cells).toHaveLength(16);
    expect(layout.cells[3]).toEqual(camera('c3'));
  });

  test('a publication comes back, a name that cannot be one does not', () => {
    const cells = [{ stream: 'live/desk', deviceId: 'd' }, { stream: 'live/a b' }, { stream: 'desk' }];
    expect(restoreLayout({ cells }).cells.slice(0, 3)).toEqual([publicationTarget('live/desk'), null, null]);
  });

  test('a selection outside of the grid goes to the first cell', () => {
    expect(restoreLayout({ size: 4, selected: 9 }).selected).toBe(0);
  });
});

describe('nextCell', () => {
  const withCells = (selected: number, ...used: number[]) =>
    used.reduce((layout, index) => setCell(layout, index, camera(`c${index}`)), { ...emptyLayout(4), selected });
  test.each([
    { name: 'the selected cell when empty', layout: withCells(2, 0, 1), cell: 2 },
    { name: 'the next empty one', layout: withCells(0, 0, 1), cell: 2 },
    { name: 'around the end', layout: withCells(3, 3), cell: 0 },
    { name: 'the selected one when all are in use', layout: withCells(1, 0, 1, 2, 3), cell: 1 },
  ])('$name', ({ layout, cell }) => expect(nextCell(layout)).toBe(cell));
});

test('a smaller grid keeps the selected camera', () => {
  const layout = { ...setCell(setCell(emptyLayout(9), 7, camera('far')), 0, camera('near')), selected: 7 };
  const single = resizeLayout(layout, 1);
  expect(single).toMatchObject({ size: 1, selected: 0 });
  expect(single.cells[0]).toEqual(camera('far'));
  expect(single.cells[7]).toEqual(camera('near'));
  expect(resizeLayout({ ...layout, selected: 0 }, 4).cells[0]).toEqual(camera('near'));
});

test('swapCells and findCell', () => {
  const layout = swapCells(setCell(emptyLayout(), 0, camera('a')), 0, 3);
  expect(findCell(layout, camera('a'))).toBe(3);
  expect(layout.cells[0]).toBeNull();
  expect(findCell({ ...layout, size: 1 }, camera('a'))).toBe(-1);
});

test('targetStream and findCell of cameras and publications', () => {
  expect(targetStream(camera('a'))).toBe('live/d_a');
  expect(targetStream({ ...camera('a'), subStream: 1 })).toBe('live/d_a_1');
  expect(targetStream(publicationTarget('room/desk'))).toBe('room/desk');
  const layout = setCell(setCell(emptyLayout(), 1, publicationTarget('live/one')), 2, publicationTarget('live/two'));
  expect(findCell(layout, publicationTarget('live/two'))).toBe(2);
  expect(findCell(layout, publicationTarget('live/three'))).toBe(-1);
});
