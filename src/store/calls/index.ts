export { openCallHistory, openCalls, type Calls } from './calls.ts';
export type { CallDatabasePlace } from './connection.ts';
