export { DatabaseError, openDatabase, type Database } from './database.ts';
export { createDeviceStore, type DeviceStoreOptions, type SqliteDeviceStore } from './devices.ts';
export { createMediaServerStore } from './media-servers.ts';
export { migrate, SchemaTooNewError } from './migrations.ts';
