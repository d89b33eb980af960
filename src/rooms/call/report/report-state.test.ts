import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createReportStateFile, type ReportState } from './report-state.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gbrtc-report-'));
  file = join(folder, 'data', 'report.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const STATE: ReportState = {
  id: 'abc-1',
  since: '2026-11-19',
  days: [
    { date: '2026-11-19', state: 'sent', attempts: 1 },
    { date: '2026-11-20', state: 'waiting', left: ['a@b'], attempts: 2 },
  ],
};

test('what was written is read, by another one too', async () => {
  const store = createReportStateFile(file);
  expect(await store.read()).toBeUndefined();
  await store.write({ ...STATE, days: [] });
  await store.write(STATE);
  expect(await createReportStateFile(file).read()).toEqual(STATE);
  expect(readdirSync(join(folder, 'data'))).toEqual(['report.json']);
});

test.each(['', '{', '[]', '{"id":"x","since":"2026-11-19"}', '{"id":"../x","since":"2026-11-19","days":[]}'])(
  '%j is refused, and kept when put aside',
  async (text) => {
    const store = createReportStateFile(file);
    await store.write(STATE);
    writeFileSync(file, text);
    await expect(store.read()).rejects.toThrow();
    await store.putAside();
    expect(await store.read()).toBeUndefined();
    expect(readdirSync(join(folder, 'data'))).toEqual(['report.json.unreadable']);
  },
);
