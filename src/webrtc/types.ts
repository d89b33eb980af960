import type { EventEmitter } from 'node:events';
import type { Ingest, PlayerOutput } from '../media/index.ts';

export interface WebRtcOptions {
  /** mediasoup worker processes; 0 = one for each core. */
  readonly workers: number;
  /** Address that the UDP and TCP sockets bind to. */
  readonly listenAddress: string;
  /** Port of the first worker, the second has the next one; 0 = any free port for each (tests). */
  readonly basePort: number;
  /** Addresses for the candidates, best first; empty = this machine's own. */
  readonly announcedAddresses: readonly string[];
  /** A viewer whose browser sends no valid connectivity check for so long is closed; default 15000. */
  readonly iceTimeoutMs?: number;
  /** A feed without viewers is kept for so long; default 3000. */
  readonly feedGraceMs?: number;
  /** A stream's viewers above this number go to a second worker; default 50. */
  readonly viewersPerWorker?: number;
  /** Default 5000. */
  readonly maxViewers?: number;
  /** Default 1000. */
  readonly maxPublications?: number;
  /** First wait before a dead worker is started again, doubled for each failure up to 10 s; default 200. */
  readonly respawnDelayMs?: number;
  /** How long a viewer waits for a worker while none is up; default 2000. */
  readonly workerWaitMs?: number;
  /** A publisher that is connected and sends no packet, RTP nor RTCP, for so long is closed; 0 = never, default 30000. */
  readonly firstPacketMs?: number;
  /** One that has sent, and sends none any more for so long; 0 = never, the default. */
  readonly silenceMs?: number;
}

export type IceState = 'new' | 'connected' | 'completed' | 'disconnected' | 'closed';
export type DtlsState = 'new' | 'connecting' | 'connected' | 'failed' | 'closed';

/** `peer_closed`: the browser ended DTLS; `media_lost`: the viewer could not be moved to a new ingest; `publisher_gone`: its publication ended. */
export type ViewerCloseReason =
  | 'closed'
  | 'peer_closed'
  | 'ice_failed'
  | 'ice_disconnected'
  | 'dtls_failed'
  | 'worker_died'
  | 'media_lost'
  | 'publisher_gone';

export type ViewerEvents = {
  iceStateChange: [state: IceState];
  dtlsStateChange: [state: DtlsState];
  /** Once. */
  closed: [reason: ViewerCloseReason];
};

/** One browser that watches one stream. */
export interface Viewer extends EventEmitter<ViewerEvents> {
  readonly id: string;
  /** RFC 8866 answer. */
  readonly answer: string;
  readonly workerIndex: number;
  readonly iceState: IceState;
  readonly dtlsState: DtlsState;
  /** As of at most a second before the last read; reading asks the worker for a newer one. */
  readonly bytesSent: number;
  readonly closed: boolean;
  /** Shows another ingest of the same stream over the same connection; the browser notices nothing but a key frame. */
  rebind(ingest: Ingest): Promise<void>;
  readonly muted: MuteState;
  /** Holds video, audio or both back from this viewer; what is left out stays as it is. */
  setMuted(change: Partial<MuteState>): Promise<MuteState>;
  close(reason?: ViewerCloseReason): void;
}

/** What is held back: true = nothing of it is sent. */
export interface MuteState {
  readonly video: boolean;
  readonly audio: boolean;
}

export interface PlayerOptions {
  readonly id: string;
  readonly publication: Publication;
  /** RFC 8866 offer. */
  readonly offer: string;
  /** Further addresses for this viewer's candidates, e.g. the one in the URL that it used. */
  readonly candidates?: readonly string[];
}

/** Codecs that a publisher may send. */
export type PublishedCodec = 'h264' | 'vp8' | 'vp9' | 'av1' | 'opus' | 'pcma' | 'pcmu';

/** `no_media`, `media_lost`: it is connected, and no packet has come, or comes any more. */
export type PublicationCloseReason =
  | 'closed'
  | 'peer_closed'
  | 'ice_failed'
  | 'ice_disconnected'
  | 'dtls_failed'
  | 'worker_died'
  | 'no_media'
  | 'media_lost';

export type PublicationEvents = {
  iceStateChange: [state: IceState];
  dtlsStateChange: [state: DtlsState];
  /** Once; who plays it has to be told. */
  closed: [reason: PublicationCloseReason];
};

export interface PublishedTrack {
  readonly kind: 'video' | 'audio';
  readonly codec: PublishedCodec;
  readonly payloadType: number;
  /** 0 until the publisher's first packet, where its offer tells none. */
  readonly ssrc: number;
  /** RFC 6184 §8.1, of H.264. */
  readonly profileLevelId?: string;
  /** What the publisher says in `a=fmtp`. */
  readonly parameters?: string;
}

/** Counters over all tracks since the publication began. */
export interface PublicationStats {
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
  readonly bitrateBps: number;
}

/** One stream that somebody sends us. */
export interface Publication extends EventEmitter<PublicationEvents> {
  readonly id: string;
  readonly workerIndex: number;
  readonly tracks: readonly PublishedTrack[];
  /** As of at most a second before the last read; reading asks the worker for newer ones. */
  readonly stats: PublicationStats;
  readonly muted: MuteState;
  readonly closed: boolean;
  /** Holds video, audio or both back from everybody who plays it; what is left out stays as it is. */
  setMuted(change: Partial<MuteState>): Promise<MuteState>;
  close(reason?: PublicationCloseReason): void;
}

/** Sent by a browser or a native client over WebRTC. */
export interface PeerPublication extends Publication {
  /** RFC 8866 answer. */
  readonly answer: string;
  readonly iceState: IceState;
  readonly dtlsState: DtlsState;
}

/** Sent as plain RTP by a media thread of ours; `tracks` tells the payload types and SSRCs that it has to have. */
export interface PlainPublication extends Publication {
  /** Takes RTP and RTCP of all tracks, and answers with RTCP. */
  readonly input: { readonly address: string; readonly port: number };
}

/** One track of plain RTP as its sender describes it (RFC 8866). */
export interface PlainTrack {
  readonly kind: 'video' | 'audio';
  /** Encoding name of `a=rtpmap`, in any case. */
  readonly encoding: string;
  readonly clockRate: number;
  readonly channels?: number;
  readonly payloadType: number;
  /** Value of `a=fmtp` behind the payload type. */
  readonly parameters?: string;
}

export interface PlainPublicationOptions {
  readonly id: string;
  /** At least one, at most one of a kind. */
  readonly tracks: readonly PlainTrack[];
}

export interface PublicationOptions {
  readonly id: string;
  /** RFC 8866 offer of one who sends. */
  readonly offer: string;
  readonly candidates?: readonly string[];
  /** All tracks together, in bit/s. */
  readonly maxBitrateBps?: number;
}

/** Where plain RTP of a publication goes to. */
export interface PacketTarget {
  /** Tracks; those that the publication does not have are left out. */
  readonly kinds: ReadonlyArray<'video' | 'audio'>;
  readonly address: string;
  readonly rtpPort: number;
  /** Absent = RTCP to the port for RTP (RFC 5761). */
  readonly rtcpPort?: number;
  /** Own address that the packets come from. */
  readonly localAddress: string;
}

export interface ViewerOptions {
  readonly id: string;
  readonly ingest: Ingest;
  /** RFC 8866 offer. */
  readonly offer: string;
  /** Further addresses for this viewer's candidates, e.g. the one in the URL that it used. */
  readonly candidates?: readonly string[];
}

export type WebRtcEvents = {
  /** Its viewers have been closed with `worker_died`; a new process is on its way. */
  workerDied: [worker: { readonly index: number; readonly pid: number }];
  workerUp: [worker: { readonly index: number; readonly pid: number }];
};

export interface WorkerUsage {
  readonly index: number;
  readonly pid: number;
  /** UDP and TCP port of its WebRtcServer. */
  readonly port: number;
  readonly up: boolean;
  readonly viewers: number;
  readonly feeds: number;
  readonly routers: number;
  /** CPU seconds since the process started. */
  readonly cpuSeconds: number;
  readonly maxRssBytes: number;
  readonly restarts: number;
}

/** The WebRTC side: workers, and the viewers that they serve. */
export interface WebRtc extends EventEmitter<WebRtcEvents> {
  readonly workersUp: number;
  readonly workersTotal: number;
  readonly viewers: number;
  /** @throws SdpError (`sdp_invalid`, `codec_unsupported`): refuses an offer before a camera is woken for it. */
  checkOffer(offer: string): void;
  /** @throws SdpError, OfferCodecError, WebRtcUnavailableError, ViewerLimitError */
  createViewer(options: ViewerOptions): Promise<Viewer>;
  /** @throws SdpError, OfferCodecError, WebRtcUnavailableError, PublicationLimitError */
  createPublication(options: PublicationOptions): Promise<PeerPublication>;
  /** @throws OfferCodecError, WebRtcUnavailableError, PublicationLimitError */
  createPlainPublication(options: PlainPublicationOptions): Promise<PlainPublication>;
  /** A viewer of a publication. @throws SdpError, OfferCodecError, WebRtcUnavailableError, ViewerLimitError */
  createPlayer(options: PlayerOptions): Promise<Viewer>;
  /**
   * Plain RTP of a publication, with its payload types, to one receiver; paused until `setPlaying`. It ends with the
   * publication. @throws WebRtcUnavailableError, PacketPortsError
   */
  openPackets(publication: Publication, target: PacketTarget): Promise<PlayerOutput>;
  /** False for what is no RFC 8840 fragment; its candidates are not needed, because the gateway is an ICE-lite agent. */
  checkFragment(fragment: string): boolean;
  usage(): Promise<WorkerUsage[]>;
  /** The gateway is about to close: workers that end now are not started again. */
  retire(): void;
  close(): Promise<void>;
}
