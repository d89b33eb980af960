export { createApi } from './api.ts';
export { createRoomRights } from './auth/room-rights.ts';
export { createStreamRights } from './auth/stream-rights.ts';
export { consoleFolder } from './console.ts';
export { ListenError } from './errors.ts';
export type {
  Api,
  ApiOptions,
  ApiParts,
  HealthReport,
  ListenOptions,
  MediaServer,
  MediaServerStore,
  MetricsSnapshot,
  NewMediaServer,
} from './types.ts';
