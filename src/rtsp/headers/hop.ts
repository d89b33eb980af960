/**
 * Names the gateways that a request has passed, so that no two of them fetch a stream from each other; a header of our
 * own.
 */
export const HOP_HEADER = 'X-GBRTC-Hop';

const MAX_HOPS = 16;
const HOP = /^[\w.-]{1,64}$/;

export function formatHops(hops: readonly string[]): string {
  return hops.join(', ');
}

/** Undefined without the header. Never throws. */
export function parseHops(value: string | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const hops = value.split(',', MAX_HOPS).map((hop) => hop.trim());
  return hops.filter((hop) => HOP.test(hop));
}
