import type { EventEmitter } from 'node:events';
import type { AudioTrack, IngestStats, VideoTrack } from '../media/index.ts';
import type { MuteState, PublicationCloseReason, ViewerCloseReason } from '../webrtc/index.ts';
import type { RtpPublication, RtpPublishRequest } from './rtp-publication-types.ts';
import type { Playbacks, RecordedDownload, RecordedDownloadRequest } from './history/types.ts';
import type { StreamPuller } from './puller-types.ts';
import type { Tap, TapReaderSnapshot, TapRequest } from './tap-types.ts';

/** The stages of one play in order (docs/architecture.md, evidence timeline). */
export type EvidenceStage =
  | 'requested'
  | 'invite_sent'
  | 'trying'
  | 'ok'
  | 'first_rtp'
  | 'ssrc_ok'
  | 'first_pack'
  | 'codec'
  | 'sub_stream'
  | 'audio'
  | 'first_key_frame'
  | 'producer'
  | 'viewer_offer'
  | 'ice'
  | 'dtls'
  | 'first_frame'
  | 'fallback'
  | 'playing'
  | 'failed'
  | 'closed';

export type PlayFailure =
  | 'device_offline'
  | 'invite_timeout'
  | 'invite_rejected'
  | 'no_rtp'
  | 'rtp_wrong_ssrc'
  | 'rtp_wrong_source'
  | 'ps_no_video'
  | 'no_key_frame'
  | 'codec_unsupported'
  | 'ice_failed'
  | 'no_browser_frame'
  | 'no_media_port'
  | 'media_lost'
  | 'device_bye'
  | 'closed';

export interface EvidenceEntry {
  readonly stage: EvidenceStage;
  /** Unix ms. */
  readonly at: number;
  /** ms since `requested`. */
  readonly afterMs: number;
  /** One line for people, e.g. `UDP, port 30000, SSRC 0200001001`. */
  readonly detail?: string;
  readonly viewerId?: string;
}

/** One play of a channel: from the request to its end. Kept after the end in a bounded list. */
export interface PlayRecord {
  readonly id: string;
  readonly stream: string;
  readonly deviceId: string;
  readonly channelId: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly state: 'opening' | 'playing' | 'failed' | 'closed';
  readonly failure?: { readonly code: PlayFailure; readonly message: string; readonly sipStatus?: number };
  readonly transport?: string;
  /** Call-IDs of the INVITEs of this play, for the SIP trace. */
  readonly callIds: readonly string[];
  readonly timeline: readonly EvidenceEntry[];
}

/** A camera's video, or that of a publication. */
export type StreamVideo = Omit<VideoTrack, 'codec'> & { readonly codec: VideoTrack['codec'] | 'vp8' | 'vp9' | 'av1' };

/** Who sends a publication. */
export interface PublisherSnapshot {
  readonly id: string;
  readonly remoteAddress: string;
  readonly userAgent: string;
  /** Of a publisher over WebRTC. */
  readonly iceState?: string;
  readonly dtlsState?: string;
  readonly muted: MuteState;
}

/**
 * What a device made of the wish for a sub-stream, by the size of its picture: another than the main stream's; the same,
 * so that it ignored the wish; nothing, because its dialect is none; not known yet.
 */
export type SubStreamChoice = 'selected' | 'ignored' | 'not_asked' | 'unverified';

export interface StreamSnapshot {
  /** `<app>/<name>`, e.g. `live/34020000001320000001_34020000001310000001`. */
  readonly name: string;
  /** A publication has no device, no channel and no SSRC of GB/T 28181: those are empty. */
  readonly source: 'camera' | 'publication';
  readonly playId: string;
  readonly deviceId: string;
  readonly channelId: string;
  readonly subStream: number;
  /** Of a sub-stream that has been open. */
  readonly subStreamChoice?: SubStreamChoice;
  readonly state: PlayRecord['state'];
  readonly ssrc: string;
  /** Of a camera that of its INVITE; of a publication `webrtc`, `rtsp` or `pull`. */
  readonly transport?: string;
  readonly createdAt: number;
  readonly video?: StreamVideo;
  readonly audio?: AudioTrack;
  readonly stats: IngestStats;
  readonly viewers: readonly ViewerSnapshot[];
  /** Those who watch otherwise than by WebRTC, and recordings. */
  readonly readers: readonly TapReaderSnapshot[];
  /** Of a publication. */
  readonly publisher?: PublisherSnapshot;
}

export interface ViewerSnapshot {
  readonly id: string;
  readonly stream: string;
  readonly remoteAddress: string;
  readonly userAgent: string;
  readonly createdAt: number;
  readonly iceState: string;
  readonly dtlsState: string;
  readonly bytesSent: number;
  readonly firstFrameMs?: number;
}

export interface PlayRequest {
  readonly deviceId: string;
  readonly channelId: string;
  /** 0 main, 1 sub … */
  readonly subStream: number;
}

export interface ViewerRequest {
  /** RFC 8866 offer of a player that receives. */
  readonly offer: string;
  readonly remoteAddress: string;
  readonly userAgent: string;
  /** Further address for the ICE candidates, e.g. the one that the player used to reach us. */
  readonly candidate?: string;
  /** The player will call `reportFirstFrame`; without a report the timeline gets `no_browser_frame`. */
  readonly reportsFirstFrame?: boolean;
  /** Member of a room by whose token it is played. */
  readonly owner?: string | undefined;
}

export interface ViewerHandle {
  readonly id: string;
  readonly answer: string;
}

export interface PublishRequest {
  /** RFC 8866 offer of one who sends. */
  readonly offer: string;
  readonly remoteAddress: string;
  readonly userAgent: string;
  /** Further address for the ICE candidates, e.g. the one that the publisher used to reach us. */
  readonly candidate?: string;
  /** All tracks together, in bit/s. */
  readonly maxBitrateBps?: number;
  /** Member of a room by whose token it is published. */
  readonly owner?: string | undefined;
}

export interface PublishHandle {
  readonly id: string;
  /** `<app>/<name>`. */
  readonly stream: string;
  readonly answer: string;
}

/** `replaced`: somebody else has published under the same name. */
export type PublicationEndReason = PublicationCloseReason | 'replaced';

export interface ViewerClosed {
  readonly id: string;
  readonly stream: string;
  readonly reason: ViewerCloseReason;
}

export interface PublicationClosed {
  readonly id: string;
  readonly stream: string;
  /** Member of a room who has published it by its token. */
  readonly owner: string | undefined;
  readonly reason: PublicationEndReason;
}

export type StreamsEvents = {
  opened: [stream: StreamSnapshot];
  closed: [stream: StreamSnapshot];
  /** A timeline grew or a play changed state. */
  play: [play: PlayRecord];
  viewers: [stream: StreamSnapshot];
  /** Its publisher holds picture or sound back, or sends it again. */
  changed: [stream: StreamSnapshot];
  /** A viewer has left, or was closed. */
  viewerClosed: [viewer: ViewerClosed];
  publicationClosed: [publication: PublicationClosed];
};

/** All streams: opened on demand, shared, closed when unwatched. Errors are StreamError with a PlayFailure as `code`. */
export interface Streams extends EventEmitter<StreamsEvents> {
  /**
   * Opens the channel's live stream or joins the running one. Resolves when the device has answered and a
   * playable video track is known. @throws StreamError
   */
  open(request: PlayRequest, signal?: AbortSignal): Promise<StreamSnapshot>;
  /** Recordings of devices that are played as streams. */
  readonly playbacks: Playbacks;
  /** A recording of a device as a stream that comes at the device's speed. @throws StreamError */
  openDownload(request: RecordedDownloadRequest, signal?: AbortSignal): Promise<RecordedDownload>;
  /** By name (`live/<device>_<channel>`, with or without app) or by its SSRC in ten digits. */
  find(name: string): StreamSnapshot | undefined;
  list(): StreamSnapshot[];
  /** Member of a room who publishes `<app>/<name>` by its token; undefined for all others. */
  ownerOf(name: string): string | undefined;
  /** Whether a name, with whatever app, leads to a camera: by device and channel, by the channel alone, or by its SSRC. */
  isCamera(name: string): boolean;
  /** Answers a WebRTC offer for a stream, opening the channel first where the name tells one. @throws StreamError, SdpError (`sdp_invalid`), StreamOwnerGoneError */
  view(name: string, viewer: ViewerRequest): Promise<ViewerHandle>;
  /** The RTP of a stream, opening the channel first where the name tells one. @throws StreamError, StreamNotFoundError */
  tap(name: string, request?: TapRequest): Promise<Tap>;
  /** Where streams come from that nobody publishes here. */
  pullFrom(puller: StreamPuller): void;
  /**
   * Answers the offer of one who sends a stream under this name, with or without app. A live name is taken over or
   * refused, as configured. @throws SdpError, StreamNameError, StreamTakenError, PublicationLimitError
   */
  publish(name: string, request: PublishRequest): Promise<PublishHandle>;
  /**
   * A stream under this name whose RTP the caller brings; for a live name the rules are those of `publish`.
   * @throws OfferCodecError (`codec_unsupported`), StreamNameError, StreamTakenError, PublicationLimitError
   */
  publishRtp(name: string, request: RtpPublishRequest): Promise<RtpPublication>;
  /** Ends what a member of a room publishes, watches and reads by its token, also what is on its way. */
  closeOwned(owner: string): void;
  /** Ends what members of rooms watch and read of `<app>/<name>` who may not any more, also what is on its way. */
  closeViewersOf(name: string, mayStay: (owner: string) => boolean): void;
  /** Returns false for an unknown publication. */
  closePublication(publicationId: string): boolean;
  /**
   * Holds video or audio back: of a publication from everybody, of a viewer from this one. Returns the state of both,
   * undefined for an unknown id.
   */
  mute(id: string, change: Partial<MuteState>): Promise<MuteState | undefined>;
  /** ICE candidates of a WHEP or WHIP PATCH (RFC 8840 fragment). Returns false for an unknown viewer or publication. */
  trickle(viewerId: string, fragment: string): boolean;
  /** The browser decoded its first frame so many ms after it asked. */
  reportFirstFrame(viewerId: string, afterMs: number): boolean;
  /** Returns false for an unknown viewer. */
  closeViewer(viewerId: string): boolean;
  /** Ends a stream (BYE) whatever its viewers. */
  close(name: string): Promise<boolean>;
  /** Newest first. */
  plays(filter?: { readonly deviceId?: string; readonly channelId?: string; readonly limit?: number }): PlayRecord[];
  play(id: string): PlayRecord | undefined;
  /** Ends everything. */
  shutdown(): Promise<void>;
}
