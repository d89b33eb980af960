export { createRecordings } from './recordings.ts';
export { createRecordThreads, type RecordThreadsOptions } from './thread/record-threads.ts';
export type {
  FileOfRecording,
  Recording,
  RecordingFile,
  RecordingQuery,
  Recordings,
  RecordingStore,
  RecordingSummary,
} from './types.ts';
export type * from './writer-types.ts';
