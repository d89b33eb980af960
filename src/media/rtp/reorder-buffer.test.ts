import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rtp } from '../../../test/support/ps-builder.ts';
import { PacketPool } from './packet-pool.ts';
import { ReorderBuffer, type ReorderOptions } from './reorder-buffer.ts';
import { createRtpView, parseRtpAt } from './rtp-packet.ts';

class Harness {
  readonly out: (number | string)[] = [];
  readonly payloads: string[] = [];
  readonly buffer: ReorderBuffer;
  nowMs = 0;
  /** The caller's memory, overwritten by each packet. */
  readonly #memory = Buffer.alloc(4096);
  readonly #view = createRtpView();

  constructor(options: Partial<ReorderOptions> = {}) {
    this.buffer = new ReorderBuffer(
      {
        onPacket: (view) => {
          this.out.push(view.sequenceNumber);
          this.payloads.push(view.packet.toString('latin1', view.payloadStart, view.payloadEnd));
        },
        onGap: (lost) => this.out.push(`gap ${lost}`),
      },
      { reorderMs: 50, pool: new PacketPool(), ...options },
    );
  }

  push(...sequenceNumbers: number[]): this {
    for (const sequenceNumber of sequenceNumbers) {
      const packet = rtp(Buffer.from(`p${sequenceNumber & 0xffff}`), { sequenceNumber });
      this.#memory.fill(0xee);
      packet.copy(this.#memory);
      parseRtpAt(this.#memory, 0, packet.length, this.#view);
      this.buffer.push(this.#view, this.nowMs);
    }
    return this;
  }
}

describe('ReorderBuffer', () => {
  test.each([
    { name: 'in order', input: [1, 2, 3], out: [1, 2, 3] },
    { name: 'two swapped', input: [1, 3, 2, 4], out: [1, 2, 3, 4], reordered: 1 },
    { name: 'late by three', input: [1, 3, 4, 5, 2, 6], out: [1, 2, 3, 4, 5, 6], reordered: 1 },
    { name: 'two holes', input: [1, 3, 5, 2, 4], out: [1, 2, 3, 4, 5], reordered: 2 },
    { name: 'held backwards', input: [1, 4, 3, 2], out: [1, 2, 3, 4], reordered: 2 },
    { name: 'over the wrap', input: [65_534, 0, 65_535, 1], out: [65_534, 65_535, 0, 1], reordered: 1 },
    { name: 'duplicate of a delivered one', input: [1, 2, 2, 3], out: [1, 2, 3], duplicates: 1 },
    { name: 'duplicate of a held one', input: [1, 3, 3, 2], out: [1, 2, 3], reordered: 1, duplicates: 1 },
  ])('$name', ({ input, out, reordered = 0, duplicates = 0 }) => {
    const harness = new Harness().push(...input);
    expect(harness.out).toEqual(out);
    expect(harness.payloads).toEqual(out.map((sequenceNumber) => `p${sequenceNumber}`));
    expect(harness.buffer).toMatchObject({ reordered, duplicates, lost: 0, held: 0, heldBytes: 0 });
  });

  test('a hole is given up after reorderMs, by the next packet or by poll', () => {
    const harness = new Harness().push(1, 3);
    harness.nowMs = 49;
    harness.push(4);
    expect(harness.out).toEqual([1]);
    harness.nowMs = 50;
    harness.buffer.poll(50);
    expect(harness.out).toEqual([1, 'gap 1', 3, 4]);
    harness.push(7);
    harness.nowMs = 100;
    harness.push(8);
    expect(harness.out.slice(4)).toEqual(['gap 2', 7, 8]);
    expect(harness.buffer.lost).toBe(3);
    harness.push(2);
    expect(harness.buffer.late).toBe(1);
  });

  test('the second hole waits for its own time', () => {
    const harness = new Harness().push(1, 3);
    harness.nowMs = 30;
    harness.push(5);
    harness.nowMs = 60;
    harness.buffer.poll(60);
    expect(harness.out).toEqual([1, 'gap 1', 3]);
    harness.buffer.poll(80);
    expect(harness.out).toEqual([1, 'gap 1', 3, 'gap 1', 5]);
  });

  test('reorderMs 0 tells loss at once', () => {
    expect(new Harness({ reorderMs: 0 }).push(1, 3, 4).out).toEqual([1, 'gap 1', 3, 4]);
  });

  test('bounded in packets', () => {
    const harness = new Harness({ maxPackets: 8 });
    harness.push(0);
    for (let sequenceNumber = 2; sequenceNumber < 40; sequenceNumber += 2) {
      harness.push(sequenceNumber);
      expect(harness.buffer.held).toBeLessThanOrEqual(8);
    }
    harness.push(100);
    harness.buffer.flush(0);
    const numbers = harness.out.filter((entry) => typeof entry === 'number');
    expect(numbers).toEqual([...numbers].sort((left, right) => left - right));
    expect(numbers.at(-1)).toBe(100);
  });

  test('bounded in bytes', () => {
    const harness = new Harness({ maxBytes: 20 });
    harness.push(0);
    for (let sequenceNumber = 2; sequenceNumber < 100; sequenceNumber++) {
      harness.push(sequenceNumber);
      expect(harness.buffer.heldBytes).toBeLessThanOrEqual(20 + 5);
    }
    expect(harness.out.slice(0, 3)).toEqual([0, 'gap 1', 2]);
  });

  test('a restarted sender is followed at its second packet', () => {
    const harness = new Harness().push(60_000, 60_001, 100, 101, 102);
    expect(harness.out).toEqual([60_000, 60_001, 'gap 0', 101, 102]);
    expect(harness.buffer.lost).toBe(0);
    const lone = new Harness().push(60_000, 100, 60_001);
    expect(lone.out).toEqual([60_000, 60_001]);
  });

  test('reset starts anew', () => {
    const harness = new Harness().push(1, 3);
    harness.buffer.reset();
    expect(harness.buffer.held).toBe(0);
    expect(harness.push(9000, 9001).out).toEqual([1, 9000, 9001]);
  });

  test('property: any shuffling within the window comes out in order, once', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.array(fc.nat(15), { minLength: 1, maxLength: 60 }), (first, delays) => {
        const order = delays
          .map((delay, index) => ({ index, at: index + delay }))
          .sort((left, right) => left.at - right.at || left.index - right.index)
          .map(({ index }) => index);
        const harness = new Harness();
        harness.push(first - 1);
        for (const index of order) harness.push(first + index, first + index);
        expect(harness.out.slice(1)).toEqual(delays.map((_, index) => (first + index) & 0xffff));
        expect(harness.buffer.duplicates).toBe(delays.length);
        expect(harness.buffer.held).toBe(0);
      }),
    );
  });

  test('property: any numbers at all keep the bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { maxLength: 200 }), (numbers) => {
        const harness = new Harness({ maxPackets: 16 });
        for (const sequenceNumber of numbers) {
          harness.nowMs += 7;
          harness.push(sequenceNumber);
          expect(harness.buffer.held).toBeLessThanOrEqual(16);
        }
        harness.buffer.flush(harness.nowMs);
        expect(harness.buffer.heldBytes).toBe(0);
      }),
    );
  });
});
