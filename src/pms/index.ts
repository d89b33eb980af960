export { createPms } from './server.ts';
export type { Pms, PmsListen } from './types.ts';
