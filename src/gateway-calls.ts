import { parseDatabaseUrl, type Config } from './config/index.ts';
import { finishSubsession } from './rooms/call/index.ts';
import { StartError } from './start-error.ts';
import { openCalls, type CallDatabasePlace, type Calls } from './store/index.ts';
import type { Logger } from './util/index.ts';

/** Where calls are recorded: `database.url`, or a SQLite file beside our own. @throws StartError */
export function callDatabasePlace({ database, common }: Config): CallDatabasePlace {
  if (database.url === '') return { kind: 'sqlite', folder: common['data-dir'] };
  const address = parseDatabaseUrl(database.url);
  if (typeof address === 'string') throw new StartError(`database.url ${address}`);
  return address;
}

/** Takes records at once; its database may be away. */
export function openCallRecords(config: Config, log: Logger): Calls {
  return openCalls(
    {
      place: callDatabasePlace(config),
      dataFolder: config.common['data-dir'],
      spoolBytes: config.database['spool-bytes'],
      finish: (subsession, at) => finishSubsession(subsession, at, config.call['cost-per-minute']),
    },
    log,
  );
}
