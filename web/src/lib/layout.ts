export const GRID_SIZES = [1, 4, 9, 16] as const;
export type GridSize = (typeof GRID_SIZES)[number];

export interface CellTarget {
  /** A publication has no device and no channel: both are empty. */
  readonly deviceId: string;
  readonly channelId: string;
  readonly subStream: number;
  /** `<app>/<name>` of a publication. */
  readonly stream?: string;
}

/** A stream that somebody publishes. */
export const publicationTarget = (stream: string): CellTarget => ({
  deviceId: '',
  channelId: '',
  subStream: 0,
  stream,
});

/** `<app>/<name>` of what a cell shows. */
export const targetStream = ({ deviceId, channelId, subStream, stream }: CellTarget): string =>
  stream ?? `live/${deviceId}_${channelId}${subStream > 0 ? `_${subStream}` : ''}`;

export interface Layout {
  readonly size: GridSize;
  readonly selected: number;
  /** As many as the largest grid; what does not fit the chosen size waits there. */
  readonly cells: readonly (CellTarget | null)[];
}

const MAX_CELLS = 16;
const ID = /^[\w.-]{1,64}$/;
const STREAM = /^[^/\\?#%\s\p{C}]{1,160}\/[^/\\?#%\s\p{C}]{1,160}$/u;

export const emptyLayout = (size: GridSize = 4): Layout => ({
  size,
  selected: 0,
  cells: Array.from({ length: MAX_CELLS }, () => null),
});

const isGridSize = (value: unknown): value is GridSize => (GRID_SIZES as readonly unknown[]).includes(value);

function restoreCell(value: unknown): CellTarget | null {
  if (typeof value !== 'object' || value === null) return null;
  const { deviceId, channelId, subStream, stream } = value as Record<string, unknown>;
  if (typeof stream === 'string') return STREAM.test(stream) ? publicationTarget(stream) : null;
  if (typeof deviceId !== 'string' || typeof channelId !== 'string') return null;
  if (!ID.test(deviceId) || !ID.test(channelId)) return null;
  return { deviceId, channelId, subStream: subStream === 1 ? 1 : 0 };
}

/** A remembered layout; whatever does not fit is replaced by an empty cell. */
export function restoreLayout(stored: { size?: unknown; selected?: unknown; cells?: unknown }): Layout {
  const base = emptyLayout(isGridSize(stored.size) ? stored.size : 4);
  const list = Array.isArray(stored.cells) ? (stored.cells as unknown[]) : [];
  const selected = Number.isInteger(stored.selected) ? Number(stored.selected) : 0;
  return {
    size: base.size,
    selected: selected >= 0 && selected < base.size ? selected : 0,
    cells: base.cells.map((_, index) => restoreCell(list[index])),
  };
}

/** Where a click on a channel goes: the selected cell when empty, else the next empty one, else the selected one. */
export function nextCell({ size, selected, cells }: Layout): number {
  for (let step = 0; step < size; step++) {
    const index = (selected + step) % size;
    if (!cells[index]) return index;
  }
  return selected;
}

export const setCell = (layout: Layout, index: number, target: CellTarget | null): Layout => ({
  ...layout,
  cells: layout.cells.map((cell, at) => (at === index ? target : cell)),
});

export const swapCells = (layout: Layout, from: number, to: number): Layout => ({
  ...layout,
  selected: to,
  cells: layout.cells.map((cell, at) =>
    at === from ? (layout.cells[to] ?? null) : at === to ? (layout.cells[from] ?? null) : cell,
  ),
});

/** A smaller grid keeps the selected camera in sight. */
export function resizeLayout(layout: Layout, size: GridSize): Layout {
  if (layout.selected < size) return { ...layout, size };
  return { ...swapCells(layout, layout.selected, 0), selected: 0, size };
}

/** The main and the sub-stream of a channel count as the same. */
export const findCell = ({ size, cells }: Layout, target: CellTarget): number =>
  cells
    .slice(0, size)
    .findIndex(
      (cell) =>
        cell?.deviceId === target.deviceId && cell.channelId === target.channelId && cell.stream === target.stream,
    );
