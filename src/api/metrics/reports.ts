import type { Platform } from '../../gb28181/index.ts';
import type { MetricFamilies } from './families.ts';

/** What devices report by themselves: alarms, positions, catalogue changes, and the subscriptions to them. */
export function addReportMetrics(families: MetricFamilies, { reports }: Platform): void {
  families.gauge(
    'gbrtc_alarms_unacknowledged',
    'Alarms that nobody has acknowledged',
    () => reports.alarms.counters.unacknowledged,
  );
  families.gauge('gbrtc_subscriptions', 'Active subscriptions at devices', () => reports.counters.subscriptions.active);
  families.countersBy({
    name: 'gbrtc_alarms_total',
    help: 'Alarms of devices: kept, repeated, dropped beyond the limit',
    label: 'outcome',
    read: () => {
      const { received, repeated, dropped } = reports.alarms.counters;
      return { kept: received, repeated, dropped };
    },
  });
  families.countersBy({
    name: 'gbrtc_alarm_snapshots_total',
    help: 'Pictures for alarms, taken or the reason why not',
    label: 'outcome',
    read: () => ({ taken: reports.alarms.counters.snapshotsTaken, ...reports.alarms.counters.snapshotsFailed }),
  });
  families.countersBy({
    name: 'gbrtc_positions_total',
    help: 'Positions of devices: received, unusable (no fix), dropped',
    label: 'outcome',
    read: () => ({ ...reports.positions.counters }),
  });
  families.countersBy({
    name: 'gbrtc_subscription_events_total',
    help: 'Subscriptions made, refreshed, failed, ended by the device, NOTIFYs received, and those of a replaced dialog',
    label: 'event',
    read: () => {
      const { active: _active, ...events } = reports.counters.subscriptions;
      return events;
    },
  });
  families.countersBy({
    name: 'gbrtc_catalog_changes_total',
    help: 'Changes of channels by NOTIFY, by event, and those that could not be used',
    label: 'event',
    read: () => {
      const { received, dropped, unknown } = reports.counters.catalog;
      return { ...received, dropped, unknown };
    },
  });
}
