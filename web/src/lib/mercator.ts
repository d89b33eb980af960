/** A place on the map, degrees of WGS-84. */
export interface LngLat {
  readonly longitude: number;
  readonly latitude: number;
}

/** Pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What a map shows: the place in its middle, and how near (a step doubles everything; may be a fraction). */
export interface MapView extends LngLat {
  readonly zoom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const TILE = 256;
export const MIN_ZOOM = 2;
export const MAX_ZOOM = 18;
/** Beyond it the projection has no end. */
const MAX_LATITUDE = 85.051129;

const clamp = (value: number, min: number, max: number) => Math.min(max, Math.max(min, value));

/** Web Mercator (EPSG:3857): pixels from the north-west corner of the world. */
export function project({ longitude, latitude }: LngLat, zoom: number): Point {
  const world = TILE * 2 ** zoom;
  const sine = Math.sin((clamp(latitude, -MAX_LATITUDE, MAX_LATITUDE) * Math.PI) / 180);
  return {
    x: ((longitude + 180) / 360) * world,
    y: (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * world,
  };
}

export function unproject({ x, y }: Point, zoom: number): LngLat {
  const world = TILE * 2 ** zoom;
  return {
    longitude: (x / world) * 360 - 180,
    latitude: (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / world))) * 180) / Math.PI,
  };
}

/** Pixels from the upper left corner of the shown part. */
export function toScreen(place: LngLat, view: MapView, { width, height }: Size): Point {
  const [at, middle] = [project(place, view.zoom), project(view, view.zoom)];
  return { x: at.x - middle.x + width / 2, y: at.y - middle.y + height / 2 };
}

/** The map pushed by so many pixels. */
export function panned(view: MapView, { x, y }: Point): MapView {
  const middle = project(view, view.zoom);
  return { ...unproject({ x: middle.x - x, y: middle.y - y }, view.zoom), zoom: view.zoom };
}

/** Nearer or farther, with the place under `fixed` (pixels on the screen) staying where it is. */
export function zoomed(view: MapView, { by, fixed, size }: { by: number; fixed: Point; size: Size }): MapView {
  const zoom = clamp(view.zoom + by, MIN_ZOOM, MAX_ZOOM);
  const offset = { x: fixed.x - size.width / 2, y: fixed.y - size.height / 2 };
  const middle = project(view, view.zoom);
  const under = unproject({ x: middle.x + offset.x, y: middle.y + offset.y }, view.zoom);
  const there = project(under, zoom);
  return { ...unproject({ x: there.x - offset.x, y: there.y - offset.y }, zoom), zoom };
}

/** All of them, with a margin; undefined for none. */
export function fitting(places: readonly LngLat[], { width, height }: Size): MapView | undefined {
  if (places.length === 0) return undefined;
  const points = places.map((place) => project(place, 0));
  const [left, right] = [Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x))];
  const [top, bottom] = [Math.min(...points.map(({ y }) => y)), Math.max(...points.map(({ y }) => y))];
  const share = 0.7;
  const wide = right > left ? Math.log2((width * share) / (right - left)) : Infinity;
  const high = bottom > top ? Math.log2((height * share) / (bottom - top)) : Infinity;
  const zoom = clamp(Math.min(wide, high), MIN_ZOOM, 16);
  return { ...unproject({ x: (left + right) / 2, y: (top + bottom) / 2 }, 0), zoom };
}

export interface Tile extends Point {
  readonly key: string;
  readonly url: string;
  /** Pixels of an edge. */
  readonly size: number;
}

const SUBDOMAINS = ['a', 'b', 'c'] as const;
const MAX_TILES = 200;

/** Tiles that cover the shown part; `{x}`, `{y}`, `{z}` and `{s}` of the URL are filled in. */
export function tilesOf(url: string, view: MapView, size: Size): Tile[] {
  const zoom = Math.round(view.zoom);
  const edge = TILE * 2 ** (view.zoom - zoom);
  const middle = project(view, view.zoom);
  const [left, top] = [middle.x - size.width / 2, middle.y - size.height / 2];
  const count = 2 ** zoom;
  const tiles: Tile[] = [];
  for (let row = Math.max(0, Math.floor(top / edge)); row < count && row * edge < top + size.height; row++) {
    for (let column = Math.floor(left / edge); column * edge < left + size.width; column++) {
      if (tiles.length >= MAX_TILES) return tiles;
      const x = ((column % count) + count) % count;
      const filled = url
        .replace('{x}', String(x))
        .replace('{y}', String(row))
        .replace('{z}', String(zoom))
        .replace('{s}', SUBDOMAINS[(x + row) % SUBDOMAINS.length] ?? 'a');
      tiles.push({
        key: `${zoom} ${column} ${row}`,
        url: filled,
        x: column * edge - left,
        y: row * edge - top,
        size: edge,
      });
    }
  }
  return tiles;
}

/** Lines of longitude and latitude, a few on the screen, at round numbers. */
export function gridOf(view: MapView, size: Size): { step: number; longitudes: number[]; latitudes: number[] } {
  const steps = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005];
  const degrees = (size.width / (TILE * 2 ** view.zoom)) * 360;
  const step = steps.findLast((each) => degrees / each <= 10) ?? 30;
  const middle = project(view, view.zoom);
  const first = unproject({ x: middle.x - size.width / 2, y: middle.y + size.height / 2 }, view.zoom);
  const last = unproject({ x: middle.x + size.width / 2, y: middle.y - size.height / 2 }, view.zoom);
  const between = (from: number, to: number): number[] => {
    const lines: number[] = [];
    for (let n = Math.ceil(from / step); n * step <= to && lines.length < 100; n++)
      lines.push(Number((n * step).toFixed(4)));
    return lines;
  };
  return {
    step,
    longitudes: between(first.longitude, last.longitude),
    latitudes: between(Math.max(-85, first.latitude), Math.min(85, last.latitude)),
  };
}
