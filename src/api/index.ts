export { createApi } from './api.ts';
export { ApiError, ListenError, type ApiErrorCode } from './errors.ts';
export type {
  Api,
  ApiOptions,
  ApiParts,
  Credentials,
  HealthReport,
  ListenAddress,
  ListenOptions,
  ListenPurpose,
  MediaServer,
  MediaServerStore,
  MetricsSnapshot,
  NewMediaServer,
  ProcessUsage,
  SipConnectInfo,
} from './types.ts';
