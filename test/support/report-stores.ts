import type { ReportsOptions, ReportStores } from '../../src/gb28181/index.ts';
import { createAlarmStore, createPositionStore, openDatabase } from '../../src/store/index.ts';

/** Alarms and positions in memory. */
export function memoryReportStores(): ReportStores {
  const db = openDatabase(':memory:');
  return { alarms: createAlarmStore(db), positions: createPositionStore(db) };
}

/** Nothing is subscribed to unless a test says so: most look at what else is sent. */
export const REPORTS: ReportsOptions = {
  subscriptions: {
    wanted: { catalog: false, alarm: false, mobilePosition: false, ptzPosition: false },
    expiresSec: 600,
    positionIntervalSec: 5,
  },
  alarms: { maxAgeMs: 0, maxAlarms: 100_000, maxSnapshots: 1_000, perMinute: 600 },
  positions: { maxAgeMs: 0, max: 1_000_000 },
};
