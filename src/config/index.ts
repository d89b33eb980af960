export { parseDatabaseUrl } from './database-url.ts';
export { ConfigError, loadConfig, standardConfigFile } from './load.ts';
export type { Config } from './schema.ts';
export { openSecrets, type Secrets } from './secrets.ts';
