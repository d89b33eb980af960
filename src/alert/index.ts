export { createAlerts } from './alerts.ts';
export type { Alerts } from './types.ts';
