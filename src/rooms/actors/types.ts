import type { EventEmitter } from 'node:events';
import type { Platform } from '../../gb28181/index.ts';
import type { Streams } from '../../stream/index.ts';
import type { Logger } from '../../util/index.ts';
import type { Meetings } from '../meeting/index.ts';

/** What the recorder needs to know of one recording. */
export interface RoomRecording {
  readonly id: string;
  /** All but `recording`: it has ended. */
  readonly state: 'recording' | 'finished' | 'interrupted' | 'failed';
  /** Why it ended; `stopped`: somebody wanted it. */
  readonly reason?: string;
  readonly message?: string;
}

/** What the recorder needs of the recordings; `Recordings` of src/record is one. */
export interface RoomRecordings {
  start(request: {
    readonly stream: string;
    readonly segmentMinutes?: number;
    readonly requestedBy: 'room';
  }): Promise<{ readonly id: string }>;
  stop(id: string): Promise<unknown>;
  get(id: string): RoomRecording | undefined;
  /** Told when a recording begins, grows and ends. */
  on(event: 'changed', listener: (recording: RoomRecording) => void): unknown;
  off(event: 'changed', listener: (recording: RoomRecording) => void): unknown;
}

/** One stream on its way to an RTSP server. */
export interface RoomPush extends EventEmitter<{ changed: [] }> {
  readonly url: string;
  readonly state: 'connecting' | 'recording' | 'failed' | 'ended';
  readonly failure: { readonly code: string; readonly message: string } | undefined;
  close(): Promise<void>;
}

/** What the relayer needs of the RTSP client; `Pushes` of src/rtsp is one. Errors are GatewayErrors. */
export interface RoomPushes {
  /** @throws GatewayError `push_invalid` */
  check(url: string): void;
  start(request: { readonly stream: string; readonly url: string }): RoomPush;
  /** Ends all of them; told by the actors, whose they are. */
  close(): Promise<void>;
}

export interface ActorParts {
  readonly meetings: Pick<Meetings, 'joinLocal'>;
  readonly platform: Pick<Platform, 'device' | 'channel' | 'on' | 'off'>;
  readonly streams: Pick<Streams, 'open'>;
  readonly recordings: RoomRecordings;
  readonly pushes: RoomPushes;
  /** Before the second attempt to record, doubled with each further one; default 2000. */
  readonly retryMs?: number;
  /** `close` waits no longer for files and servers; default 1000. */
  readonly closeLimitMs?: number;
  readonly log: Logger;
}

export interface RoomName {
  readonly app: string;
  readonly channel: string;
}

export interface CameraRequest extends RoomName {
  readonly deviceId: string;
  readonly channelId: string;
  /** 0 main, 1 sub … */
  readonly subStream: number;
  /** How the members see it; default `camera-<channelId>`. */
  readonly endpoint?: string;
}

/** A camera that is a member of a room. */
export interface CameraView extends RoomName {
  readonly endpoint: string;
  readonly deviceId: string;
  readonly channelId: string;
  readonly streamId: string;
}

interface TakerRequest extends RoomName {
  /** How the members see it; default its role, with a random ending where somebody else has that name. */
  readonly endpoint?: string;
}

export interface RecorderRequest extends TakerRequest {
  readonly segmentMinutes?: number;
}

/** One stream of a room and what its recorder or relayer makes of it. */
export interface TakenStream {
  readonly streamId: string;
  /** Of the member whose stream it is. */
  readonly endpoint: string;
  readonly state: 'starting' | 'running' | 'failed' | 'ended';
  /** Of a recorder. */
  readonly recordingId?: string;
  /** Of a relayer; without an account. */
  readonly url?: string;
  readonly failure?: { readonly code: string; readonly message: string };
}

/** A recorder or relayer of a room. */
export interface TakerView extends RoomName {
  readonly endpoint: string;
  readonly role: 'recorder' | 'relayer';
  /** Of a relayer: what the streams' names are appended to. */
  readonly url?: string;
  /** The newest last; of those that have ended a bounded number. */
  readonly streams: readonly TakenStream[];
}

export interface RelayerRequest extends TakerRequest {
  /** `rtsp://[user[:password]@]host[:port]/path`; a stream goes to `<url>/<stream_id>`, `live/` left out. */
  readonly url: string;
}

/** Members of meetings that the gateway itself brings in. */
export interface RoomActors {
  /**
   * Opens the channel's stream and places it into the room. @throws StreamError of a camera without a picture,
   * ActorError (`channel_unknown`, `device_offline`), MeetingError (`endpoint_taken`, `room_full` …)
   */
  placeCamera(request: CameraRequest, signal?: AbortSignal): Promise<CameraView>;
  cameras(room: RoomName): CameraView[];
  /** Returns false for an unknown one. */
  removeCamera(room: RoomName, endpoint: string): boolean;
  /** @throws ActorError `actor_exists`, MeetingError */
  startRecorder(request: RecorderRequest): TakerView;
  /** @throws ActorError `actor_exists`, `push_invalid`, MeetingError */
  startRelayer(request: RelayerRequest): TakerView;
  taker(room: RoomName, role: TakerView['role']): TakerView | undefined;
  /** Resolves when its files are finished, its servers told. Returns false where there is none. */
  stopTaker(room: RoomName, role: TakerView['role']): Promise<boolean>;
  /** Within `closeLimitMs`. Idempotent. */
  close(): Promise<void>;
}
