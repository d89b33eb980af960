import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import { expect, test } from 'vitest';
import { openCallDatabase } from './connection.ts';
import { openSessions } from './left-open.ts';

test('sessions that a run has left open are found by an index, in a table of years', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-left-open-'));
  const database = await openCallDatabase({ kind: 'sqlite', folder }, new AbortController().signal);
  try {
    const { sql, parameters } = openSessions(database.db, 'abc', 0).compile();
    const plan = CompiledQuery.raw(`EXPLAIN QUERY PLAN ${sql}`, [...parameters]);
    const { rows } = await database.db.executeQuery<{ readonly detail: string }>(plan);
    expect(rows.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SEARCH rtc_talk_sessions USING INDEX rtc_talk_sessions_leave_time \(leave_time=\?/),
    ]);
  } finally {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
