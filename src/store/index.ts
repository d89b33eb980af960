export { createAlarmStore } from './alarms.ts';
export { openCallHistory, openCalls, type CallDatabasePlace, type Calls } from './calls/index.ts';
export { DatabaseError, openDatabase, type Database } from './database.ts';
export { createDeviceStore } from './devices.ts';
export { createMediaServerStore } from './media-servers.ts';
export { createPositionStore } from './positions.ts';
export { createPullStore } from './pulls.ts';
export { migrate, SchemaTooNewError } from './migrations.ts';
export { createRecordingStore } from './recordings.ts';
