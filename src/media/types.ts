import type { EventEmitter } from 'node:events';
import type { RelayOptions, RtpRelay } from './relay-types.ts';

/** Which side opens the media connection is told from the gateway's view: passive = we listen. */
export type IngestTransport = 'udp' | 'tcp-passive' | 'tcp-active';

export type VideoCodec = 'h264' | 'h265' | 'mpeg4' | 'svac' | 'unknown';
export type AudioCodec =
  | 'pcma'
  | 'pcmu'
  | 'aac'
  | 'g722'
  | 'g7221'
  | 'g7231'
  | 'g729'
  | 'svac'
  | 'mpeg-audio'
  | 'opus'
  | 'unknown';

/** Audio codecs that outputs carry. */
export type PlayableAudio = 'pcma' | 'pcmu';

/** One coded picture in Annex B without start codes: each NAL unit a view into pooled or fresh memory. */
export interface AccessUnit {
  readonly codec: VideoCodec;
  /** ISO/IEC 13818-1 clock, 90 kHz, rebased and monotonic (quirks P5). */
  readonly pts90k: number;
  readonly dts90k: number;
  readonly keyFrame: boolean;
  readonly nalus: readonly Buffer[];
}

export interface AudioFrame {
  readonly codec: AudioCodec;
  /** 90 kHz, same time line as the video. */
  readonly pts90k: number;
  readonly payload: Buffer;
}

export interface VideoTrack {
  readonly kind: 'video';
  readonly codec: VideoCodec;
  readonly playable: boolean;
  /** RFC 6184 §8.1, six hexadecimal digits of the real SPS, e.g. `64001f`; H.264 only. */
  readonly profileLevelId?: string;
  readonly width?: number;
  readonly height?: number;
  /** SPS and PPS as RFC 6184 §8.1 has them in SDP; H.264 only, absent where the camera sends them apart. */
  readonly spropParameterSets?: string;
  /** What outputs send. */
  readonly ssrc: number;
  readonly payloadType: number;
}

export interface AudioTrack {
  readonly kind: 'audio';
  readonly codec: AudioCodec;
  readonly playable: boolean;
  readonly sampleRate: number;
  readonly channels: number;
  readonly ssrc: number;
  readonly payloadType: number;
}

export type Track = VideoTrack | AudioTrack;

/** Counters since the ingest opened. `errors` is keyed by the named reason of a parser. */
export interface IngestStats {
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
  readonly reordered: number;
  readonly duplicates: number;
  readonly wrongSsrc: number;
  readonly wrongSource: number;
  readonly rtcpPackets: number;
  readonly resyncs: number;
  readonly frames: number;
  readonly keyFrames: number;
  readonly audioFrames: number;
  readonly droppedFrames: number;
  readonly bitrateBps: number;
  readonly fps: number;
  readonly gopMs: number;
  /** Length of the material so far by its own clock: at double speed two seconds each second; jumps left out. */
  readonly mediaMs: number;
  readonly errors: Readonly<Record<string, number>>;
}

export type IngestEndReason = 'closed' | 'tcp_closed' | 'thread_died' | 'connect_failed';

export type IngestEvents = {
  firstRtp: [from: { address: string; port: number; ssrc: number; payloadType: number }];
  /** The expected or latched SSRC is confirmed. */
  ssrcOk: [ssrc: number];
  /** At most once a second, while packets of another SSRC or source arrive and none of ours. */
  wrongSsrc: [seen: { ssrc: number; expected: number; address: string }];
  wrongSource: [seen: { address: string; expected: string }];
  /** First PS pack (or first ES payload). */
  firstPack: [];
  /** A track was found, or its codec or size changed. */
  track: [track: Track];
  firstKeyFrame: [];
  /** mediasoup asked for a key frame (PLI or FIR), already merged to at most one per 500 ms. */
  keyFrameRequested: [];
  /** Once a second while packets arrive, once when they stop, and the last ones of an ingest that was closed. */
  stats: [stats: IngestStats];
  /** No packet for `silentMs`; told every `silenceMs` of the options until packets come back. */
  silent: [silentMs: number];
  /** Packets after a silence. */
  resumed: [];
  /** Once; the ingest is closed then. */
  ended: [reason: IngestEndReason];
};

export interface IngestOptions {
  readonly id: string;
  readonly transport: IngestTransport;
  /** The SSRC that the INVITE offers. */
  readonly ssrc: number;
  /** `strict`: only the expected one, from an address of the device; `latch`: the first valid one on a port of our own (quirks P2). */
  readonly ssrcCheck: 'strict' | 'latch';
  /** Told after so many ms without a packet; default 5000. */
  readonly silenceMs?: number;
  /**
   * Default `live`. Of recorded material the first output gets what came before it too, from the first key frame on,
   * within a bound; a download comes at any pace, so that only its stamps tell time.
   */
  readonly material?: 'live' | 'playback' | 'download';
}

export interface IngestAnswer {
  /** From the `y=` of the answer, if it has one. */
  readonly ssrc?: number;
  readonly payloads: ReadonlyArray<{ readonly payloadType: number; readonly encoding: string }>;
  /** Where the device sends from (UDP) or listens (TCP active). */
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  /** With `ssrcCheck: strict` packets from elsewhere are refused; empty or absent: none are. */
  readonly deviceAddresses?: readonly string[];
}

/** Feeds the stream's RTP to a mediasoup PlainTransport with `comedia` and `rtcpMux` on loopback. */
export interface IngestOutput {
  close(): void;
}

export type TrackKind = Track['kind'];

/** Codecs that publications have. */
export type RtpCodec = 'h264' | 'vp8' | 'vp9' | 'av1' | 'opus' | 'pcma' | 'pcmu';

/** RTP packets framed for RTSP (RFC 2326 §10.12): channels 0 and 1 for video, 2 and 3 for audio, the odd ones RTCP. */
export interface FramedPackets {
  readonly data: Uint8Array<ArrayBuffer>;
  /** A key frame is the first video in it. */
  readonly keyFrame: boolean;
}

/** One track straight to a player's ports. */
export interface UdpPlayerTarget {
  readonly kind: 'udp';
  readonly track: TrackKind;
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
  /** Own address that the packets come from. */
  readonly localAddress: string;
  readonly audioCodec: PlayableAudio;
}

/** All tracks, as framed packets to a function. */
export interface FramedPlayerTarget {
  readonly kind: 'framed';
  readonly audioCodec: PlayableAudio;
  readonly onFrames: (frames: FramedPackets) => void;
}

export type PlayerTarget = UdpPlayerTarget | FramedPlayerTarget;

/** Own ports of an output; 0 where it has none. */
export interface OutputPorts {
  readonly rtp: number;
  readonly rtcp: number;
}

/** One track of a framing; payload types tell them apart. */
export interface FramingTrack {
  readonly kind: TrackKind;
  readonly codec: RtpCodec;
  readonly payloadType: number;
}

/** A player's own ports. */
export interface UdpDestination {
  readonly kind: 'udp';
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
  /** Own address that the packets come from. */
  readonly localAddress: string;
}

export interface FramingOptions {
  readonly id: string;
  readonly tracks: readonly FramingTrack[];
  readonly output: UdpDestination | { readonly kind: 'frames'; readonly onFrames: (frames: FramedPackets) => void };
}

/** Counters since the framing opened. `errors` is keyed by the named reason of a parser. */
export interface FramingStats {
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
  readonly reordered: number;
  readonly keyFrames: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** What the parameter sets of an H.264 track say, and they themselves (RFC 6184 §8.1). */
export interface H264Description {
  readonly profileLevelId: string;
  readonly spropParameterSets: string;
  readonly width: number;
  readonly height: number;
}

export type FramingEvents = {
  /** Parameter sets of H.264, the first ones and whenever they change. */
  described: [video: H264Description];
  /** RTCP of the player arrived; told every few seconds while it does. */
  alive: [];
  /** The player asks for a key frame. */
  keyFrameRequested: [];
  /** Once: the media thread died; not told after `close`. */
  ended: [];
};

/** RTP and RTCP that a mediasoup PlainTransport sends to a loopback port, in order and as every reader understands it. */
export interface Framing extends EventEmitter<FramingEvents> {
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Own ports towards the player; 0 for frames. */
  readonly ports: OutputPorts;
  /** As of at most a second ago. */
  readonly stats: FramingStats;
  readonly closed: boolean;
  /** Idempotent. */
  close(): void;
}

export type PlayerOutputEvents = {
  /** RTCP of the player arrived; told every few seconds while it does. */
  alive: [];
};

/** An output that flows only while it is told to, each time from a key frame on. */
export interface PlayerOutput extends EventEmitter<PlayerOutputEvents> {
  readonly ports: OutputPorts;
  /** Of its packets, where that is not the track's. */
  readonly ssrc?: number;
  setPlaying(playing: boolean): void;
  requestKeyFrame(): void;
  close(): void;
}

/** One incoming media session in a media thread. All calls are messages to that thread. */
export interface Ingest extends EventEmitter<IngestEvents> {
  readonly id: string;
  /** Port to put into `m=`; listening already. For TCP active it is a placeholder. */
  readonly localPort: number;
  readonly video: VideoTrack | undefined;
  readonly audio: AudioTrack | undefined;
  readonly stats: IngestStats;
  readonly closed: boolean;
  setAnswer(answer: IngestAnswer): void;
  /** An order to pause, to go on, to seek or to change the speed is about to be sent; `setSpeed` tells its end. */
  expectChange(): void;
  /**
   * The device plays recorded material at this multiple of its speed from now on (negative: backwards): outputs run as
   * the wall clock does. Sound flows at 1 only. To be told also when a pause ends.
   */
  setSpeed(speed: number): void;
  /** The media thread sends video (and audio, if the track is or becomes playable) to this port from now on, starting with a key frame. */
  addOutput(output: {
    readonly address: string;
    readonly port: number;
    readonly audioCodec: PlayableAudio;
  }): IngestOutput;
  /** For players that are no mediasoup transport. @throws OutputFailedError, and when the ingest ends first */
  openPlayerOutput(target: PlayerTarget): Promise<PlayerOutput>;
  /** Idempotent; the port goes into quarantine. */
  close(): void;
}

export interface MediaThreadsOptions {
  /** 0 = half of the cores, at least one. */
  readonly threads: number;
  /** Address that RTP sockets bind to. */
  readonly listenAddress: string;
  readonly portMin: number;
  readonly portMax: number;
  /** Milliseconds before a freed port is given out again (quirks P2). */
  readonly quarantineMs: number;
  /** `ports`: one port per ingest; `single`: all on `singlePort`, by SSRC. */
  readonly mode: 'ports' | 'single';
  readonly singlePort: number;
  /** Bound of reordering, ms. */
  readonly reorderMs: number;
  readonly receiveBufferBytes: number;
}

export type MediaThreadsEvents = {
  /** Its ingests have ended with `thread_died`; a new thread is on its way. */
  threadDied: [thread: { readonly index: number }];
  /** A dead one has been replaced. */
  threadUp: [thread: { readonly index: number }];
};

export interface MediaThreads extends EventEmitter<MediaThreadsEvents> {
  /** @throws PortsExhaustedError (`no_media_port`), ThreadDiedError */
  openIngest(options: IngestOptions): Promise<Ingest>;
  /** @throws FramingFailedError, ThreadDiedError */
  openFraming(options: FramingOptions): Promise<Framing>;
  /** RTP that is sent on as it comes. @throws FramingFailedError, ThreadDiedError */
  openRelay(options: RelayOptions): Promise<RtpRelay>;
  readonly ingests: number;
  readonly threadsTotal: number;
  /** Of these, those that have died and are not replaced yet. */
  readonly threadsMissing: number;
  /** One entry a running thread, at most a second old. */
  usage(): readonly MediaThreadUsage[];
  close(): Promise<void>;
}

/** What a media thread uses. */
export interface MediaThreadUsage {
  readonly id: string;
  readonly ingests: number;
  readonly cpuSeconds: number;
  /** Its heap and buffers; the process's other memory is not told apart by thread. */
  readonly residentBytes: number;
}
