export { createRecordCommands } from './record-server.ts';
export { createPms } from './server.ts';
export type { Pms, RecordCommands } from './types.ts';
