/** Which packets of a frame leave, and in which order; indices into the frame's packets. */
export type PacketOrder = (packetCount: number) => readonly number[];

export interface NetworkFaultOptions {
  /** 0-100: of packets that are never sent. */
  readonly lossPercent: number;
  /** 0-100: of packets that change places with the one behind. */
  readonly reorderPercent: number;
  /** Of the random numbers, so that a fault can be repeated. */
  readonly seed?: number;
}

/** A lossy network for UDP sessions; undefined where nothing is to be spoilt. */
export function createNetworkFault({
  lossPercent,
  reorderPercent,
  seed = 1,
}: NetworkFaultOptions): PacketOrder | undefined {
  if (lossPercent <= 0 && reorderPercent <= 0) return undefined;
  const random = seededRandom(seed);
  return (packetCount) => {
    const order: number[] = [];
    for (let packet = 0; packet < packetCount; packet += 1) {
      if (random() * 100 >= lossPercent) order.push(packet);
    }
    for (let at = 0; at + 1 < order.length; at += 1) {
      if (random() * 100 >= reorderPercent) continue;
      const [first = 0, second = 0] = order.slice(at, at + 2);
      order[at] = second;
      order[at + 1] = first;
      at += 1;
    }
    return order;
  };
}

/** Numbers in [0, 1) that repeat for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
