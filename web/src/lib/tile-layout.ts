export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Size {
  readonly left: number;
  readonly top: number;
}

const GAP = 6;
/** Pictures of people may be cut to a square, but are never wider than the camera gives them. */
const MIN_ASPECT = 1;
const MAX_ASPECT = 16 / 9;
/** Side of the strip beside an enlarged picture, as a share of the stage; in pixels it has bounds. */
const STRIP = { share: 0.22, minPx: 84, maxPx: 240 } as const;
/** Of an enlarged picture on a high stage, as a share of its width. */
const LARGE_HEIGHT = 0.8;

function fit({ width, height }: Size): Size {
  if (height <= 0 || width <= 0) return { width: 0, height: 0 };
  const aspect = width / height;
  if (aspect > MAX_ASPECT) return { width: height * MAX_ASPECT, height };
  return aspect < MIN_ASPECT ? { width, height: width / MIN_ASPECT } : { width, height };
}

const cellOf = ({ width, height }: Size, columns: number, rows: number): Size => ({
  width: (width - GAP * (columns - 1)) / columns,
  height: (height - GAP * (rows - 1)) / rows,
});

/** Tiles of one size, as large as the stage allows, each row in the middle. */
function gridRects(count: number, stage: Size): Rect[] {
  let best = { columns: 1, tile: { width: 0, height: 0 } };
  for (let columns = 1; columns <= count; columns++) {
    const tile = fit(cellOf(stage, columns, Math.ceil(count / columns)));
    if (tile.width * tile.height > best.tile.width * best.tile.height) best = { columns, tile };
  }
  const { columns, tile } = best;
  const rows = Math.ceil(count / columns);
  const top = (stage.height - rows * tile.height - (rows - 1) * GAP) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = (stage.width - inRow * tile.width - (inRow - 1) * GAP) / 2;
    return {
      ...tile,
      left: left + (index % columns) * (tile.width + GAP),
      top: top + row * (tile.height + GAP),
    };
  });
}

/** The strip of the others: beside the large picture on a wide stage, below it on a high one. */
function stripOf({ width, height }: Size): { readonly strip: Rect; readonly large: Rect } {
  const beside = (length: number) => Math.min(STRIP.maxPx, Math.max(STRIP.minPx, length * STRIP.share), length / 2);
  if (width > height) {
    const side = beside(width);
    return {
      large: { left: 0, top: 0, width: width - side - GAP, height },
      strip: { left: width - side, top: 0, width: side, height },
    };
  }
  // No higher than a picture of this width can be: the rest is worth more to the others.
  const high = Math.min(height - beside(height) - GAP, width * LARGE_HEIGHT);
  return {
    large: { left: 0, top: 0, width, height: high },
    strip: { left: 0, top: high + GAP, width, height: height - high - GAP },
  };
}

/**
 * Where each of `count` tiles goes on the stage, so that all fit without scrolling; `large`: the index of one that
 * takes most of the place, e.g. a shared screen.
 */
export function arrangeTiles(count: number, stage: Size, large?: number): Rect[] {
  if (count === 0) return [];
  if (large === undefined || large < 0 || large >= count || count === 1) return gridRects(count, stage);
  const { strip, large: area } = stripOf(stage);
  const others = gridRects(count - 1, strip).map((rect) => ({
    ...rect,
    left: rect.left + strip.left,
    top: rect.top + strip.top,
  }));
  return [...others.slice(0, large), area, ...others.slice(large)];
}
