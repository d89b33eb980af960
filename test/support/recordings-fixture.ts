import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRecordings } from '../../src/record/index.ts';
import type { RecordingsOptions } from '../../src/record/recordings-options.ts';
import type { Recordings } from '../../src/record/types.ts';
import { createRecordingStore, openDatabase, type Database } from '../../src/store/index.ts';
import type { StreamSnapshot } from '../../src/stream/index.ts';
import { silentLogger, type Logger } from '../../src/util/index.ts';
import { FakeError } from './fake-platform.ts';
import { FakeRecordThreads } from './fake-recorder.ts';
import { FakeStreams, fakeStream } from './fake-streams.ts';
import { FakeTap } from './rtsp-fakes.ts';

/** Streams of which only taps matter. */
export class TappedStreams extends FakeStreams {
  readonly taps: FakeTap[] = [];
  /** Names as they were asked for. */
  readonly tapped: string[] = [];

  override async tap(name: string): Promise<FakeTap> {
    this.tapped.push(name);
    if (this.failure !== undefined) throw this.failure;
    const stream = this.find(name);
    if (stream === undefined) throw new FakeError('stream_not_found', `no stream ${name}`);
    const tap = new FakeTap(stream.name);
    this.taps.push(tap);
    return tap;
  }
}

export interface RecordingsFixture {
  /** Folder of the recordings. */
  readonly path: string;
  readonly streams: TappedStreams;
  readonly threads: FakeRecordThreads;
  readonly database: Database;
  /** Of the file system; undefined = plenty. */
  freeBytes: number | undefined;
  recordings: Recordings;
  /** The same folder and database, as after a new start. */
  reopen(options?: Partial<RecordingsOptions>): Recordings;
  close(): Promise<void>;
}

export const CAMERA = fakeStream().name;

const RUNNING = [fakeStream(), fakeStream({ name: 'live/desk', source: 'publication' })];

/** Recordings over fakes, with a real folder and a real database; one camera and the publication `live/desk`. */
export function openRecordings(
  options: Partial<RecordingsOptions> = {},
  { log = silentLogger, running = RUNNING }: { log?: Logger; running?: readonly StreamSnapshot[] } = {},
): RecordingsFixture {
  const folder = mkdtempSync(join(tmpdir(), 'recordings-'));
  const path = join(folder, 'record');
  const streams = new TappedStreams();
  for (const stream of running) streams.addStream(stream);
  const threads = new FakeRecordThreads();
  const database = openDatabase(join(folder, 'gbrtc.db'));
  const opened: Recordings[] = [];
  const open = (more: Partial<RecordingsOptions>): Recordings => {
    const recordings = createRecordings(
      { path, execRecordDone: [], segmentMs: 0, maxAgeMs: 0, maxBytes: 0, minFreeBytes: 0, ...options, ...more },
      {
        streams,
        threads,
        store: createRecordingStore(database),
        log,
        freeBytes: async () => fixture.freeBytes ?? Number.MAX_SAFE_INTEGER,
      },
    );
    opened.push(recordings);
    return recordings;
  };
  const fixture: RecordingsFixture = {
    path,
    streams,
    threads,
    database,
    freeBytes: undefined,
    recordings: open({}),
    reopen(more = {}) {
      fixture.recordings = open(more);
      return fixture.recordings;
    },
    async close() {
      await Promise.all(opened.map((each) => each.close()));
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return fixture;
}
