import { defineConfig } from 'vitest/config';
import { requireTool } from './test/support/requires.ts';

/** Their pages and clips need both; without them a user's machine leaves these tests out, CI fails. */
const browserTests = [requireTool('chromium'), requireTool('ffmpeg')].every(Boolean);

/** Whoever polls waits for what comes by itself: a second, the default, is luck on a machine that others load. */
const patient = { poll: { timeout: 15_000 } };

export default defineConfig({
  test: {
    coverage: { provider: 'v8', include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts'] },
    projects: [
      {
        test: {
          name: 'unit',
          expect: patient,
          include: ['src/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'web',
          expect: patient,
          include: ['web/src/**/*.test.ts'],
        },
      },
      {
        test: {
          name: 'integration',
          expect: patient,
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'browser',
          expect: patient,
          include: browserTests ? ['test/browser/**/*.test.ts'] : [],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
