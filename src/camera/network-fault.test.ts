import { describe, expect, test } from 'vitest';
import { createNetworkFault } from './network-fault.ts';

describe('createNetworkFault', () => {
  test('nothing to spoil', () => {
    expect(createNetworkFault({ lossPercent: 0, reorderPercent: 0 })).toBeUndefined();
  });

  test('loss and reordering near the share asked for, repeatable by seed', () => {
    const run = (seed: number): number[] => [
      ...createNetworkFault({ lossPercent: 10, reorderPercent: 20, seed })!(10_000),
    ];
    const order = run(3);
    const swapped = order.filter((packet, at) => at > 0 && packet < order[at - 1]!).length;
    expect(order.length / 10_000).toBeCloseTo(0.9, 1);
    expect(swapped / order.length).toBeGreaterThan(0.12);
    expect(swapped / order.length).toBeLessThan(0.2);
    expect(run(3)).toEqual(order);
    expect(run(4)).not.toEqual(order);
  });

  test('all lost', () => {
    expect(createNetworkFault({ lossPercent: 100, reorderPercent: 0 })!(5)).toEqual([]);
  });
});
