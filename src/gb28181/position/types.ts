import type { EventEmitter } from 'node:events';
import type { PositionFacts } from '../manscdp/index.ts';

/** A place where a device or channel was, WGS-84; times in Unix ms. */
export interface Position extends Omit<PositionFacts, 'id' | 'at'> {
  readonly deviceId: string;
  /** As sent: a channel, or the device itself. */
  readonly channelId: string;
  /** By the device's clock. */
  readonly at: number;
  readonly receivedAt: number;
}

/** Persistence of positions; implemented in src/store. Synchronous: SQLite in process. */
export interface PositionStore {
  /** The latest of each channel. */
  latest(): Position[];
  /** All or nothing. */
  add(positions: readonly Position[]): void;
  /** By time, oldest first; the newest `limit` of the range, both ends included. */
  track(
    of: { readonly deviceId: string; readonly channelId: string },
    range: { readonly from: number; readonly to: number; readonly limit: number },
  ): Position[];
  /** Deletes what was received before (Unix ms), and the oldest beyond the number. The latest of a channel stays. */
  prune(limits: { readonly before: number; readonly max: number }): number;
  /** Takes the latest places of these channels away, not their tracks. All or nothing. */
  forgetLatest(of: ReadonlyArray<Pick<Position, 'deviceId' | 'channelId'>>): void;
  deleteDevice(deviceId: string): void;
}

export interface PositionOptions {
  /** 0 = no limit. */
  readonly maxAgeMs: number;
  /** Points of all tracks. */
  readonly max: number;
}

export interface PositionCounters {
  readonly received: number;
  /** Empty, impossible, or 0, 0. */
  readonly unusable: number;
  /** Beyond what is written at once, not stored, or the latest of a channel that had to go for a newer one. */
  readonly dropped: number;
}

export type PositionEvents = {
  /** At most once a second: the latest of each channel that was heard of. */
  positions: [positions: readonly Position[]];
};

/** Where devices and channels are, and were. */
export interface Positions extends EventEmitter<PositionEvents> {
  readonly counters: PositionCounters;
  /** The latest of each channel. */
  list(): Position[];
  get(deviceId: string, channelId: string): Position | undefined;
  track(
    of: { readonly deviceId: string; readonly channelId: string },
    range: { readonly from: number; readonly to: number; readonly limit: number },
  ): Position[];
}
