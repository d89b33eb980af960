import type { EventEmitter } from 'node:events';
import type { MediaTransport } from '../device/settings.ts';

/** A number in use in this SIP domain until released (GB/T 28181 13.4). */
export interface SsrcLease {
  readonly value: number;
  /** Ten digits. */
  readonly text: string;
  release(): void;
}

/** Recorded material instead of the live picture (GB/T 28181 13.7). */
export interface HistoryInvite {
  readonly kind: 'playback' | 'download';
  /** Unix seconds. */
  readonly fromSec: number;
  readonly toSec: number;
  /** Times the speed of play, of `s=Download`; a playback that has it is asked for by that, too. */
  readonly downloadSpeed?: number;
}

export interface LiveInvite {
  readonly deviceId: string;
  readonly channelId: string;
  readonly subStream: number;
  /** Absent = live. */
  readonly history?: HistoryInvite;
  readonly ssrc: SsrcLease;
  readonly transport: MediaTransport;
  readonly mediaAddress: string;
  readonly mediaPort: number;
  readonly signal?: AbortSignal;
  /** Resolves when media for this INVITE arrives: it stands in for a 200 that never comes (quirks 2.1). */
  readonly firstPacket?: Promise<unknown>;
  readonly onProgress?: (stage: 'invite_sent' | 'trying' | 'ringing' | 'ok', detail: string, callId: string) => void;
}

export interface MediaAnswer {
  readonly address: string;
  readonly port: number;
  /** Numeric `y=`; absent where missing or zero. */
  readonly ssrc?: number;
  readonly payloads: ReadonlyArray<{ readonly payloadType: number; readonly encoding: string }>;
  readonly setup?: 'active' | 'passive';
  /** `a=filesize`, bytes; absent where missing or 0. */
  readonly fileSize?: number;
  readonly sdp: string;
}

/** What a player asks of a device that plays a recording: speed, place, or both; a pause. */
export interface PlaybackControl {
  readonly method: 'play' | 'pause';
  /** Negative plays backwards; absent: as before. */
  readonly scale?: number;
  /** Seconds from the start of the INVITE's range; absent: go on from here. */
  readonly nptSec?: number;
}

/** `device_rejected`: packets were taken for the answer, then the device refused the INVITE. */
export type LiveSessionEnd = 'device_bye' | 'device_rejected' | 'local_bye' | 'device_offline' | 'lost';

export type LiveSessionEvents = {
  /** The answer of a session that was there without one, when it comes after all. */
  answered: [answer: MediaAnswer];
  /** The recording has been sent to its end (MediaStatus 121); the session waits for a BYE. */
  fileEnded: [];
  ended: [reason: LiveSessionEnd];
};

/** An INVITE dialog with a device. */
export interface LiveSession extends EventEmitter<LiveSessionEvents> {
  readonly callId: string;
  /** What the offer leads to expect, where packets came and no answer. */
  readonly answer: MediaAnswer;
  readonly ended: boolean;
  /** False: the device has refused MANSRTSP as such before, or has not answered it lately. */
  readonly takesControl: boolean;
  /**
   * MANSRTSP in an INFO inside the dialog; resolves when the device has agreed.
   * @throws DeviceRefusedError, DeviceSilentError, DeviceUnreachableError
   */
  control(control: PlaybackControl): Promise<void>;
  /** Idempotent, never rejects. Does not release the SSRC. */
  bye(): Promise<void>;
}
