import type { CommandOptions, CommandTarget } from '../control/types.ts';

/** A picture that a device has uploaded. */
export interface Snapshot {
  /** Session and number in it. */
  readonly id: string;
  readonly sessionId: string;
  readonly deviceId: string;
  readonly channelId: string;
  /** Unix ms of the upload. */
  readonly at: number;
  readonly bytes: number;
}

/** Persistence of pictures; implemented in src/store. */
export interface SnapshotStore {
  /** @throws what the file system throws */
  save(snapshot: Snapshot, jpeg: Buffer): Promise<void>;
  /** Newest first. */
  list(filter: SnapshotFilter): { readonly items: readonly Snapshot[]; readonly total: number };
  /** The JPEG; undefined for an unknown id. */
  read(id: string): Promise<Buffer | undefined>;
  /** Returns false for an unknown id. */
  remove(id: string): Promise<boolean>;
}

export interface SnapshotFilter {
  readonly deviceId?: string | undefined;
  readonly channelId?: string | undefined;
  readonly page: number;
  readonly limit: number;
}

/**
 * `waiting`: the device has its orders, pictures may come; `complete`: all are here; `partial`: the device said that
 * it is done, or time ran out, with some of them; `failed`: with none.
 */
export type SnapshotState = 'waiting' | 'complete' | 'partial' | 'failed';

export interface SnapshotSession {
  readonly id: string;
  readonly deviceId: string;
  readonly channelId: string;
  readonly state: SnapshotState;
  /** The device answered the order with OK; some never answer and send all the same. */
  readonly confirmed: boolean;
  readonly wanted: number;
  readonly snapshots: readonly Snapshot[];
  /** Unix ms. */
  readonly startedAt: number;
  readonly endedAt?: number;
}

export interface SnapshotOrder {
  /** 1-10. */
  readonly count: number;
  /** Seconds between two of them, from 1. */
  readonly intervalSec: number;
  /** What the address of the upload begins with, e.g. `http://192.0.2.10:8025/api/v1/snapshot-uploads`. */
  readonly uploadBase: string;
}

/** Why an upload is not taken. */
export type UploadFault = 'unknown_session' | 'not_jpeg' | 'too_many';

/** Pictures that devices take at our order and upload over HTTP (GB/T 28181-2022 9.5). */
export interface Snapshots {
  /** Resolves when the device has answered the order, or left it unanswered. @throws as DeviceConfigs.write, SnapshotLimitError */
  take(target: CommandTarget, order: SnapshotOrder, options?: CommandOptions): Promise<SnapshotSession>;
  /** Of the latest thousand sessions. */
  session(id: string): SnapshotSession | undefined;
  /** Whether an upload would be taken, to be asked before its body is read. */
  check(ids: { readonly sessionId: string; readonly secret: string }): 'ok' | 'unknown_session' | 'too_many';
  /** Files of one upload. @throws what the store throws */
  receive(upload: {
    readonly sessionId: string;
    readonly secret: string;
    readonly files: readonly Buffer[];
  }): Promise<UploadFault | 'ok'>;
  list(filter: SnapshotFilter): ReturnType<SnapshotStore['list']>;
  read(id: string): Promise<Buffer | undefined>;
  remove(id: string): Promise<boolean>;
  /** Ends every session. Idempotent. */
  close(): void;
}
