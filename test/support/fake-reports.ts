import { EventEmitter } from 'node:events';
import {
  type Alarm,
  type AlarmEvents,
  type AlarmFilter,
  type Alarms,
  type DeviceReports,
  type NewAlarm,
  type Position,
  type PositionEvents,
  type Positions,
  type SubscriptionView,
  type TakeSnapshot,
} from '../../src/gb28181/index.ts';
import { memoryReportStores } from './report-stores.ts';

/** Alarms over a store in memory, raised by the test. */
export class FakeAlarms extends EventEmitter<AlarmEvents> implements Alarms {
  readonly store = memoryReportStores().alarms;
  take: TakeSnapshot | undefined;

  get counters() {
    const unacknowledged = this.store.unacknowledged();
    const snapshotsFailed = { ffmpeg_missing: 2 };
    return { received: 5, repeated: 1, dropped: 0, snapshotsTaken: 3, snapshotsFailed, unacknowledged };
  }

  raise(more: Partial<NewAlarm> = {}): Alarm {
    const alarm: NewAlarm = {
      deviceId: '34020000001320000001',
      channelId: '34020000001310000001',
      priority: 3,
      method: 5,
      type: 2,
      eventType: 0,
      description: 'motion',
      alarmedAt: 1_700_000_000_000,
      receivedAt: 1_700_000_001_000,
      snapshot: 'none',
      ...more,
    };
    const kept = { id: this.store.add(alarm), ...alarm };
    this.emit('alarm', kept);
    return kept;
  }

  get(id: number): Alarm | undefined {
    return this.store.get(id);
  }

  list(filter: AlarmFilter, page: { readonly page: number; readonly limit: number }) {
    return { ...this.store.list(filter, page), unacknowledged: this.store.unacknowledged() };
  }

  acknowledge(id: number, by: string): Alarm | undefined {
    const changed = this.store.acknowledge({ ids: [id] }, { name: by, at: 1_700_000_002_000 });
    const alarm = this.store.get(id);
    if (changed.length > 0 && alarm !== undefined) this.emit('changed', alarm);
    return alarm;
  }

  acknowledgeAll(filter: AlarmFilter, by: string): number {
    const ids = this.store.acknowledge({ filter, limit: 100 }, { name: by, at: 1_700_000_002_000 });
    if (ids.length > 0) this.emit('acknowledged', ids);
    return ids.length;
  }

  snapshot(id: number): Buffer | undefined {
    return this.store.snapshot(id);
  }

  takeSnapshotsWith(take: TakeSnapshot | undefined): void {
    this.take = take;
  }
}

/** Positions that the test adds. */
export class FakePositions extends EventEmitter<PositionEvents> implements Positions {
  readonly counters = { received: 7, unusable: 1, dropped: 0 };
  readonly points: Position[] = [];

  move(position: Position): void {
    this.points.push(position);
    this.emit('positions', [position]);
  }

  list(): Position[] {
    return [...new Map(this.points.map((each) => [`${each.deviceId} ${each.channelId}`, each])).values()];
  }

  get(deviceId: string, channelId: string): Position | undefined {
    return this.list().find((each) => each.deviceId === deviceId && each.channelId === channelId);
  }

  track(
    of: { readonly deviceId: string; readonly channelId: string },
    range: { readonly from: number; readonly to: number },
  ) {
    return this.points.filter(
      ({ deviceId, channelId, at }) =>
        deviceId === of.deviceId && channelId === of.channelId && at >= range.from && at <= range.to,
    );
  }
}

/** Reports without devices. */
export class FakeReports implements DeviceReports {
  readonly alarms = new FakeAlarms();
  readonly positions = new FakePositions();
  readonly views = new Map<string, SubscriptionView[]>();
  readonly renewed: string[] = [];
  readonly counters = {
    subscriptions: { active: 2, subscribed: 3, refreshed: 4, failed: 1, terminated: 0, notifies: 9, superseded: 0 },
    catalog: {
      received: { ON: 1, OFF: 2, VLOST: 0, DEFECT: 0, ADD: 0, DEL: 0, UPDATE: 0 },
      dropped: 0,
      unknown: 0,
      applied: 1,
    },
  };

  subscriptions(deviceId: string): SubscriptionView[] {
    return this.views.get(deviceId) ?? [];
  }

  renewSubscriptions(deviceId: string): SubscriptionView[] {
    this.renewed.push(deviceId);
    return this.subscriptions(deviceId);
  }
}
