import type { EventEmitter } from 'node:events';
import type { AlarmFacts } from '../manscdp/index.ts';

/** `pending`: it is being taken; `failed` with a reason; `none`: none is wanted. */
export type SnapshotState = 'none' | 'pending' | 'taken' | 'failed';

/** An alarm as it is kept; times in Unix ms. */
export interface Alarm extends AlarmFacts {
  /** Counts up. */
  readonly id: number;
  readonly deviceId: string;
  /** As sent: a channel, an alarm input, the device itself, or an alarm centre. */
  readonly channelId: string;
  readonly receivedAt: number;
  readonly alarmedAt: number;
  readonly acknowledgedAt?: number;
  readonly acknowledgedBy?: string;
  readonly snapshot: SnapshotState;
  /** Why there is no snapshot. */
  readonly snapshotReason?: string;
}

export type NewAlarm = Omit<Alarm, 'id' | 'acknowledgedAt' | 'acknowledgedBy' | 'snapshotReason'>;

/** Absent fields do not count. */
export interface AlarmFilter {
  readonly deviceId?: string;
  readonly channelId?: string;
  readonly priority?: number;
  readonly method?: number;
  readonly acknowledged?: boolean;
  /** Unix ms of the alarm, both included. */
  readonly from?: number;
  readonly to?: number;
}

export interface AlarmList {
  readonly items: readonly Alarm[];
  readonly total: number;
}

/** Persistence of alarms; implemented in src/store. Synchronous: SQLite in process. */
export interface AlarmStore {
  /** Returns the id. */
  add(alarm: NewAlarm): number;
  get(id: number): Alarm | undefined;
  /** Newest first. */
  list(filter: AlarmFilter, page: { readonly page: number; readonly limit: number }): AlarmList;
  unacknowledged(): number;
  /** Those of `ids` that were not; at most `limit` of all that match the filter, newest first. Returns which. */
  acknowledge(
    which: { readonly ids: readonly number[] } | { readonly filter: AlarmFilter; readonly limit: number },
    by: { readonly name: string; readonly at: number },
  ): number[];
  setSnapshot(id: number, result: { readonly jpeg: Buffer } | { readonly reason: string }): void;
  /** A JPEG. */
  snapshot(id: number): Buffer | undefined;
  /** Snapshots that were under way when the process ended have failed. */
  failPendingSnapshots(reason: string): void;
  /** Deletes what is older than `before` (Unix ms), and the oldest beyond `maxAlarms` and `maxSnapshots`. Returns how many alarms. */
  prune(limits: { readonly before: number; readonly maxAlarms: number; readonly maxSnapshots: number }): number;
}

export interface AlarmOptions {
  /** 0 = no limit. */
  readonly maxAgeMs: number;
  readonly maxAlarms: number;
  readonly maxSnapshots: number;
  /** Of one device in a minute; more are counted only. */
  readonly perMinute: number;
}

/** A picture of a channel now, as JPEG. @throws GatewayError, whose code is the reason */
export type TakeSnapshot = (of: { readonly deviceId: string; readonly channelId: string }) => Promise<Buffer>;

export interface AlarmCounters {
  readonly received: number;
  /** The same alarm again. */
  readonly repeated: number;
  /** Beyond the share of a device, or not stored. */
  readonly dropped: number;
  readonly snapshotsTaken: number;
  /** By reason. */
  readonly snapshotsFailed: Readonly<Record<string, number>>;
  readonly unacknowledged: number;
}

export type AlarmEvents = {
  alarm: [alarm: Alarm];
  /** Acknowledged, or its snapshot came. */
  changed: [alarm: Alarm];
  /** Several at once were acknowledged. */
  acknowledged: [ids: readonly number[]];
};

/** The alarms of all devices. */
export interface Alarms extends EventEmitter<AlarmEvents> {
  readonly counters: AlarmCounters;
  get(id: number): Alarm | undefined;
  list(
    filter: AlarmFilter,
    page: { readonly page: number; readonly limit: number },
  ): AlarmList & { readonly unacknowledged: number };
  /** Who comes first is kept. Undefined for an unknown alarm. */
  acknowledge(id: number, by: string): Alarm | undefined;
  /** Returns how many; at most `MAX_ACKNOWLEDGED` at once. */
  acknowledgeAll(filter: AlarmFilter, by: string): number;
  snapshot(id: number): Buffer | undefined;
  /** Pictures are taken from now on; undefined = none any more. */
  takeSnapshotsWith(take: TakeSnapshot | undefined): void;
}
