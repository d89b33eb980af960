export { DatabaseError, openDatabase, type Database } from './database.ts';
export { createDeviceStore, type DeviceStoreOptions, type SqliteDeviceStore } from './devices.ts';
export { migrate, SchemaTooNewError } from './migrations.ts';
