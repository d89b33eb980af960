export { createRecordThreads } from './thread/record-threads.ts';
export type * from './writer-types.ts';
