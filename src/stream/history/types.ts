import type { EventEmitter } from 'node:events';
import type { Stretch } from '../../gb28181/index.ts';
import type { PlayFailure } from '../types.ts';

/** A stretch of a channel's recordings; times in Unix ms. */
export interface RecordedRange {
  readonly deviceId: string;
  readonly channelId: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PlaybackRequest extends RecordedRange {
  /** As of `PlaybackChange`; default 1. */
  readonly speed?: number;
  /** 0 main, 1 sub, …: asked for as a live one is; default 0. */
  readonly subStream?: number;
  /** How the device is asked (`s=`): as a download it is at the speed of play, to be watched. Default `Playback`. */
  readonly sessionName?: PlaybackSessionName;
}

export type PlaybackSessionName = 'Playback' | 'Download';

export type PlaybackState = 'opening' | 'playing' | 'paused' | 'ended';

/** `finished`: to its end; `stopped`: on request; `unwatched`: nobody has watched; else what went wrong. */
export type PlaybackEnd = 'finished' | 'stopped' | 'unwatched' | PlayFailure;

export interface PlaybackSnapshot extends RecordedRange {
  readonly id: string;
  /** `playback/<device>_<channel>_<id>`, to be watched as any other stream. */
  readonly stream: string;
  readonly subStream: number;
  /** Of the latest INVITE. */
  readonly playId: string;
  readonly state: PlaybackState;
  readonly speed: number;
  /** What arrives now, Unix ms. */
  readonly positionMs: number;
  /** How the device is steered: by MANSRTSP, or, where it refuses that, by a new INVITE for each change. */
  readonly control: 'info' | 'invite';
  /** `s=` of its INVITEs. */
  readonly sessionName: PlaybackSessionName;
  readonly createdAt: number;
  readonly endedAt?: number;
  readonly end?: PlaybackEnd;
  /** One line for people. */
  readonly message?: string;
}

/** What a viewer asks for; what is absent stays. */
export interface PlaybackChange {
  readonly state?: 'playing' | 'paused';
  /** 0.25 to 8 forwards, −0.25 to −8 backwards, where the device can. */
  readonly speed?: number;
  /** Unix ms; a paused playback shows the picture there and stays paused. */
  readonly positionMs?: number;
  /** Pictures forwards or backwards; it is paused behind it. */
  readonly step?: 1 | -1;
}

export type PlaybacksEvents = {
  /** Begun, steered, ended. */
  changed: [playback: PlaybackSnapshot];
};

export interface PlaybackCounters {
  readonly running: number;
  /** Since the start, by how they ended. */
  readonly ended: Readonly<Partial<Record<PlaybackEnd, number>>>;
}

/** Recordings of devices that are played as streams. */
export interface Playbacks extends EventEmitter<PlaybacksEvents> {
  readonly counters: PlaybackCounters;
  /** Resolves when the picture is known. @throws StreamError, StreamLimitError */
  start(request: PlaybackRequest, signal?: AbortSignal): Promise<PlaybackSnapshot>;
  /** Newest first; those that ended too, for a while. */
  list(): PlaybackSnapshot[];
  get(id: string): PlaybackSnapshot | undefined;
  /** @throws PlaybackUnknownError, PlaybackEndedError, StreamError, DeviceRefusedError, DeviceUnreachableError */
  change(id: string, change: PlaybackChange): Promise<PlaybackSnapshot>;
  /** BYE. Returns false for an unknown one; one that has ended stays as it is. */
  stop(id: string): Promise<boolean>;
}

export interface RecordedDownloadRequest extends RecordedRange {
  /** What of the range the device has, as it lists it; absent or empty: not known. */
  readonly recorded?: readonly Stretch[];
  /** Times the speed of play, as the device offers it. */
  readonly speed: number;
}

/** `finished`: to its end; `stopped`: on request; else what went wrong. */
export type DownloadEnd = 'finished' | 'stopped' | PlayFailure;

export type RecordedDownloadEvents = {
  /** The device is called again from the position reached. */
  resumed: [positionMs: number];
  /** Once. */
  ended: [end: DownloadEnd, message: string];
};

/** A recording that a device sends at its own speed; its stream is there for the recorder. */
export interface RecordedDownload extends EventEmitter<RecordedDownloadEvents> {
  /** `download/<device>_<channel>_<id>`. */
  readonly stream: string;
  /** Unix ms, up to where it has arrived. */
  readonly positionMs: number;
  /** Length of the material that has arrived. */
  readonly receivedMs: number;
  /** As the device announced it; 0 = unknown. */
  readonly fileSize: number;
  readonly receivedBytes: number;
  /** Calls after losses. */
  readonly resumes: number;
  /** BYE. Idempotent. */
  close(): Promise<void>;
}
