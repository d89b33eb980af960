import { describe, expect, test } from 'vitest';
import { g711Source } from './audio-source.ts';

describe('g711Source', () => {
  test.each(['pcma', 'pcmu'] as const)(
    '%s: eight seconds are 64,000 bytes at any frame rate, a beep in each',
    (law) => {
      const source = g711Source(law);
      for (const fps of [25, 30, 12.5]) {
        const parts = Array.from({ length: 8 * fps }, (_, n) =>
          source.frames(Math.round((n * 90_000) / fps), Math.round(((n + 1) * 90_000) / fps)),
        ).flat();
        const bytes = Buffer.concat(parts.map(({ payload }) => payload));
        expect(bytes.length).toBe(64_000);
        const silence = bytes[4_000];
        const sounding = Array.from({ length: 8 }, (_, second) => bytes.subarray(second * 8_000, second * 8_000 + 900));
        expect(sounding.every((part) => part.filter((byte) => byte !== silence).length > 700)).toBe(true);
        expect(bytes.subarray(1_000, 8_000).every((byte) => byte === silence)).toBe(true);
      }
    },
  );
});
