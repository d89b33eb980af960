export { createRecordCommands } from './record-server.ts';
export { createPms } from './server.ts';
export type { Pms, PmsListen, RecordCommands } from './types.ts';
