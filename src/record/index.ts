export { createRecordings } from './recordings.ts';
export { createDownloads } from './download/downloads.ts';
export type * from './download/types.ts';
export { createSnapshots } from './snapshot/snapshots.ts';
export { createRecordThreads } from './thread/record-threads.ts';
export type { FileOfRecording, Recording, RecordingFile, RecordingQuery, Recordings, RecordingStore } from './types.ts';
export type * from './writer-types.ts';
