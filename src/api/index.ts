export { createApi } from './api.ts';
export { ListenError } from './errors.ts';
export type {
  Api,
  ApiOptions,
  ApiParts,
  HealthReport,
  MediaServer,
  MediaServerStore,
  MetricsSnapshot,
  NewMediaServer,
} from './types.ts';
