import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../../util/index.ts';
import { Spool } from './spool.ts';

let folder: string;
let spool: Spool;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gbrtc-spool-'));
  spool = new Spool({ folder, maxBytes: 10_000_000 }, silentLogger);
});
afterEach(async () => {
  await spool.close();
  rmSync(folder, { recursive: true, force: true });
});

const call = (id: string): void => spool.push('rtc_talk_sessions', { record_id: id });
const quality = (id: string): void => spool.push('rtc_talk_quality_stats_infos', { record_id: id });

test('quality is not held up by calls that never stop coming', async () => {
  for (let index = 0; index < 3; index++) quality(`q${index}`);
  const tables: string[] = [];
  for (let round = 0; round < 4; round++) {
    call(`c${round}`);
    spool.flush();
    const batch = await spool.take();
    tables.push(...(batch?.rows.keys() ?? []));
    // What waits in the other queue is taken at once.
    if (round === 0) expect(batch?.full).toBe(true);
    batch?.acknowledge();
  }
  expect(tables.slice(0, 2)).toEqual(['rtc_talk_sessions', 'rtc_talk_quality_stats_infos']);
});

test('a batch is the same until it is acknowledged', async () => {
  quality('q');
  call('c');
  spool.flush();
  const [first, again] = [await spool.take(), await spool.take()];
  expect(again?.rows).toEqual(first?.rows);
  again?.acknowledge();
  expect((await spool.take())?.rows).not.toEqual(first?.rows);
});
