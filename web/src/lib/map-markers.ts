import { type LngLat, type MapView, project, type Size, toScreen } from './mercator.ts';

/** So many names can be read at a time; more are gathered where they are close. */
const MAX_SINGLE = 200;
/** Edge of the squares within which markers are gathered, pixels. */
const SQUARE = 72;
/** Markers so far outside still reach into the picture, pixels. */
const MARGIN = 30;

interface Spot<P> {
  readonly key: string;
  /** Pixels on the screen. */
  readonly x: number;
  readonly y: number;
  readonly place: P;
}

export interface Cluster {
  readonly key: string;
  readonly x: number;
  readonly y: number;
  readonly count: number;
  /** How many of them are online. */
  readonly online: number;
}

export interface MarkedPlace extends LngLat {
  readonly deviceId: string;
  readonly channelId: string;
  readonly online: boolean;
}

export interface MapMarkers<P> {
  readonly single: readonly Spot<P>[];
  readonly clusters: readonly Cluster[];
}

const keyOf = ({ deviceId, channelId }: MarkedPlace) => `${deviceId} ${channelId}`;

/** What of the places is drawn: each by itself while they are few, else those in one square of the world as one. */
export function mapMarkers<P extends MarkedPlace>(
  places: readonly P[],
  { view, size, chosen }: { view: MapView; size: Size; chosen: string | undefined },
): MapMarkers<P> {
  const spots = places
    .map((place): Spot<P> => ({ place, key: keyOf(place), ...toScreen(place, view, size) }))
    .filter(({ x, y }) => x > -MARGIN && y > -MARGIN && x < size.width + MARGIN && y < size.height + MARGIN);
  if (spots.length <= MAX_SINGLE) return { single: spots, clusters: [] };
  const single: Spot<P>[] = [];
  const clusters: Cluster[] = [];
  for (const [key, [first, ...others]] of bySquare(spots, view, chosen)) {
    if (others.length === 0) single.push(first);
    else clusters.push(clusterOf(key, [first, ...others]));
  }
  return { single, clusters };
}

type Group<P> = [Spot<P>, ...Spot<P>[]];

/** Squares of the world, not of the screen: what is gathered stays together while the map is moved. */
function bySquare<P extends MarkedPlace>(
  spots: readonly Spot<P>[],
  view: MapView,
  chosen: string | undefined,
): Map<string, Group<P>> {
  const groups = new Map<string, Group<P>>();
  for (const spot of spots) {
    const { x, y } = project(spot.place, view.zoom);
    // Who looks at one wants to see it.
    const key = spot.key === chosen ? spot.key : `${Math.floor(x / SQUARE)},${Math.floor(y / SQUARE)}`;
    const group = groups.get(key);
    if (group) group.push(spot);
    else groups.set(key, [spot]);
  }
  return groups;
}

function clusterOf(key: string, group: Group<MarkedPlace>): Cluster {
  const count = group.length;
  return {
    key,
    x: group.reduce((sum, { x }) => sum + x, 0) / count,
    y: group.reduce((sum, { y }) => sum + y, 0) / count,
    count,
    online: group.filter(({ place }) => place.online).length,
  };
}
