import { join } from 'node:path';
import type { Config } from './config/index.ts';
import { createSnapshots, type Platform, type Snapshots } from './gb28181/index.ts';
import { createSnapshotStore, type Database } from './store/index.ts';
import type { Logger } from './util/index.ts';

const DAY_MS = 86_400_000;

/** Pictures that devices take at our order, kept beside the database. */
export async function openSnapshots(
  { snapshot, common }: Config,
  { platform, database }: { platform: Platform; database: Database },
  log: Logger,
): Promise<Snapshots> {
  const store = await createSnapshotStore(
    database,
    {
      folder: join(common['data-dir'], 'snapshots'),
      maxAgeMs: snapshot['retention-days'] * DAY_MS,
      maxBytes: snapshot['max-bytes'],
    },
    log,
  );
  return createSnapshots(platform, store);
}
