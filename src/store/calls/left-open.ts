import type { TalkSession, TalkSubsession } from '../../rooms/index.ts';
import type { CallDatabase } from './connection.ts';
import { toSession, toSubsession } from './history.ts';
import type { Row } from './tables.ts';

/** Sessions of one query: SQLite answers on the main thread. */
const PAGE = 200;

/** Sessions without an end, and their subsessions without one. */
export interface LeftOpen {
  readonly sessions: readonly TalkSession[];
  readonly subsessions: readonly TalkSubsession[];
}

/** A page of them. Sessions without an end are few, and found by the index of `leave_time`, whatever run they are of. */
export const openSessions = (db: CallDatabase['db'], run: string, after: string | number | null) =>
  db
    .selectFrom('rtc_talk_sessions')
    .selectAll()
    .where('gateway_run', '=', run)
    .where('leave_time', 'is', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(PAGE);

/** What a run has left open in the records, page by page. @param ask gives up a query that is not answered */
export async function* leftOpenBy(
  run: string,
  { db }: CallDatabase,
  ask: <T>(query: Promise<T>) => Promise<T>,
): AsyncGenerator<LeftOpen> {
  let last: string | number | null = 0;
  for (;;) {
    const rows: readonly Row[] = await ask(openSessions(db, run, last).execute());
    if (rows.length === 0) return;
    const sessions = rows.map(toSession);
    const ids = sessions.map(({ sessionId }) => sessionId);
    const open = await ask(
      db
        .selectFrom('rtc_talk_subsessions')
        .selectAll()
        .where('session_id', 'in', ids)
        .where('finish_time', 'is', null)
        .orderBy('id')
        .execute(),
    );
    yield { sessions, subsessions: open.map((row) => toSubsession(row, String(row['session_id']))) };
    last = rows.at(-1)?.['id'] ?? null;
  }
}
