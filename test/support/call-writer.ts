/**
 * Saves records until it is killed: `node call-writer.ts <data folder> <place as JSON>`. Prints how many a while after
 * they were saved, so that those are what must not be lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { openCalls, type CallDatabasePlace } from '../../src/store/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { finish, qualityReport, talkSession } from './call-fixture.ts';

const [, , dataFolder = '', place = ''] = process.argv;
const calls = openCalls(
  { place: JSON.parse(place) as CallDatabasePlace, dataFolder, spoolBytes: 64_000_000, finish },
  silentLogger,
);
for (let n = 0; ;) {
  for (const end = n + 100; n < end; n++) {
    calls.records.saveSession(talkSession(n));
    calls.records.addQuality(qualityReport(n));
  }
  await delay(20);
  process.stdout.write(`${n - 100}\n`);
}
