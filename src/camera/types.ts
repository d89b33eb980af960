import type { EventEmitter } from 'node:events';
import type { DeviceControl } from '../gb28181/manscdp/device-control.ts';
import type { AlarmFacts, SubscriptionKind } from '../gb28181/manscdp/index.ts';
import type { PtzCommand } from '../gb28181/ptz.ts';
import type { Logger } from '../util/index.ts';
import type { MansrtspRequest } from '../gb28181/mansrtsp.ts';
import type { Place } from './place.ts';
import type { MediaCounters } from './frame-sender.ts';

/** Media transports as the platform names them: `tcp-passive` means that the camera connects. */
export type CameraTransport = 'udp' | 'tcp-passive' | 'tcp-active';

/** A virtual camera, recorder, or crowd of them. */
export interface CameraOptions {
  /** `host:port` of the platform's SIP. */
  readonly server: string;
  /** 20-digit ID of the platform. */
  readonly serverId: string;
  /** SIP domain; default: the first ten digits of `serverId`. */
  readonly domain?: string;
  readonly id: string;
  readonly password: string;
  /** Account of the digest; default: the device's ID. */
  readonly username?: string;
  /** Device name; default a Chinese one. */
  readonly name?: string;
  /** More than one makes a recorder; default 1. */
  readonly channels?: number;
  /** Devices with IDs counted up from `id`; default 1. */
  readonly devices?: number;
  readonly sipTransport?: 'udp' | 'tcp';
  /** Address that SIP and media leave from; default: what the route to the server has. */
  readonly localAddress?: string;
  /** SIP port; default any. */
  readonly localPort?: number;
  readonly keepaliveSec?: number;
  readonly expiresSec?: number;
  /** 0-100, of UDP media packets. */
  readonly lossPercent?: number;
  readonly reorderPercent?: number;
  /** `name` or `name=number`; see `QUIRKS`. */
  readonly quirks?: readonly string[];
  /** Annex B file, `.h264` or `.h265`; default: the clip of this project. */
  readonly clip?: string;
  /** Frames per second of `clip`; default 25. */
  readonly fps?: number;
  /** Pads the clip up to this many kbit/s. */
  readonly bitrateKbps?: number;
  readonly audio?: boolean;
  /** The only media transports that this camera can do; default all. */
  readonly only?: readonly CameraTransport[];
  /** What happens to the others: refused with 488, or accepted and never sent on. */
  readonly onlyMode?: 'refuse' | 'silent';
  /** Per device; more get 486. Default 32. */
  readonly maxSessions?: number;
  /** Catalogue items in one message; default 4. */
  readonly catalogBatch?: number;
  /** Recorded files in one message; default 4. */
  readonly recordBatch?: number;
  /** Minutes of one recorded file, a divisor of 60; default 60. */
  readonly recordMinutes?: number;
  /** How long a REGISTER or a keepalive may stay unanswered; default 5000. */
  readonly answerTimeoutMs?: number;
  /** Of the random choices (loss, SSRC). */
  readonly seed?: number;
  /** Where the first channel is, WGS-84; default nowhere. */
  readonly place?: Place;
  /** Drives round its place. */
  readonly moving?: boolean;
  /** Seconds between two alarms by itself; default none. */
  readonly alarmEverySec?: number;
  /** Seconds after which the last channel goes off, and on again; default never. */
  readonly flappingSec?: number;
  readonly log?: Logger;
  /** Told of each frame as it leaves; `sentAt` is Unix ms with fraction. Must be quick. */
  readonly onFrame?: (channelId: string, index: number, sentAt: number) => void;
}

export type SessionEndReason =
  | 'remote_bye'
  | 'local_bye'
  | 'no_ack'
  | 'replaced'
  | 'media_lost'
  | 'platform_lost'
  | 'closed';

/** A live session with the platform. */
export interface CameraSession {
  readonly callId: string;
  readonly deviceId: string;
  readonly channelId: string;
  readonly transport: CameraTransport;
  readonly kind: 'live' | 'playback' | 'download';
  /** As the offer asked: 0 main, 1 sub … */
  readonly subStream: number;
  /** SSRC in the RTP headers. */
  readonly ssrc: number;
  /** Unix ms. */
  readonly startedAt: number;
}

export type CameraEvents = {
  registered: [deviceId: string];
  /** `reason` is `status 403`, an error's code, …; the camera goes on trying. */
  registrationFailed: [deviceId: string, reason: string];
  unregistered: [deviceId: string];
  ptz: [channelId: string, command: PtzCommand];
  /** A DeviceControl that it knows, PTZ among them. */
  control: [channelId: string, control: DeviceControl];
  keyFrameRequested: [channelId: string];
  reboot: [deviceId: string];
  sessionStarted: [session: CameraSession];
  sessionEnded: [session: CameraSession, reason: SessionEndReason];
  /** An INVITE was refused. */
  refused: [channelId: string, status: number];
  /** A playback was steered. */
  controlled: [session: CameraSession, request: MansrtspRequest];
  /** A query or control was answered or taken. */
  command: [deviceId: string, cmdType: string];
  /** The platform subscribed, or ended that. */
  subscribed: [deviceId: string, kind: SubscriptionKind, active: boolean];
  closed: [];
};

export interface CameraCounters extends Readonly<MediaCounters> {
  readonly registers: number;
  readonly keepalives: number;
  readonly keepalivesFailed: number;
}

export interface Camera extends EventEmitter<CameraEvents> {
  readonly deviceIds: readonly string[];
  /** Channels of a device, or of all. */
  channelIds(deviceId?: string): readonly string[];
  readonly registered: number;
  readonly sessions: readonly CameraSession[];
  readonly counters: CameraCounters;
  readonly localAddress: string;
  readonly sipPort: number;
  /** All devices are registered. @throws CameraNotReadyError after `timeoutMs` (default 10 s) */
  ready(timeoutMs?: number): Promise<void>;
  /**
   * Unix ms (with fraction) at which the frame with this burnt-in number last left, not after `before`. The two latest
   * loops of the clip are known.
   */
  frameSentAt(index: number, options?: { readonly before?: number; readonly channelId?: string }): number | undefined;
  /** Sends an alarm (motion unless told otherwise). @throws SipTimeoutError, SipTransportError, SipAbortedError */
  alarm(channelId: string, facts?: Partial<AlarmFacts>): Promise<void>;
  /** The channel goes off (or has a fault), or on again. */
  setChannel(channelId: string, event: 'ON' | 'OFF' | 'VLOST' | 'DEFECT'): Promise<void>;
  /** BYEs every session, or those of a channel, from the camera's side. */
  hangUp(channelId?: string): Promise<void>;
  /** As when the power fails: sockets close, nobody is told. */
  powerOff(): Promise<void>;
  /** BYEs, unregisters, closes; at most about 1 s. Idempotent. */
  close(): Promise<void>;
}
