/** WGS-84. */
export interface Place {
  readonly longitude: number;
  readonly latitude: number;
}

/** About 300 m, driven round in two minutes. */
const RADIUS_DEGREES = 0.003;
const ROUND_MS = 120_000;
/** Between the channels of a recorder. */
const STEP_DEGREES = 0.004;
const METRES_PER_DEGREE = 111_320;
const DECIMALS = 6;

/** Place of the `index`th channel; with `elapsedMs` on its way round, with speed (km/h) and direction (degrees). */
export function placeAt(
  { longitude, latitude }: Place,
  { index, elapsedMs }: { readonly index: number; readonly elapsedMs?: number },
): Place & { readonly speed?: number; readonly direction?: number } {
  const east = longitude + index * STEP_DEGREES;
  if (elapsedMs === undefined) return { longitude: rounded(east), latitude: rounded(latitude) };
  const turn = ((elapsedMs % ROUND_MS) / ROUND_MS) * 2 * Math.PI;
  const metres = 2 * Math.PI * RADIUS_DEGREES * METRES_PER_DEGREE;
  return {
    longitude: rounded(east + (RADIUS_DEGREES * Math.sin(turn)) / Math.cos((latitude * Math.PI) / 180)),
    latitude: rounded(latitude + RADIUS_DEGREES * Math.cos(turn)),
    speed: Math.round((metres / ROUND_MS) * 3_600),
    direction: Math.round((turn * 180) / Math.PI + 90) % 360,
  };
}

function rounded(degrees: number): number {
  return Number(degrees.toFixed(DECIMALS));
}
