import type { EventEmitter } from 'node:events';
import type { FramedPackets, PlayerOutput, TrackKind } from '../media/index.ts';

export type { FramedPackets, PlayerOutput, TrackKind };

/** One track as SDP describes it. */
export interface TapTrack {
  readonly kind: TrackKind;
  /** Encoding name of `a=rtpmap`, e.g. `H264`. */
  readonly encoding: string;
  readonly clockRate: number;
  /** For audio with more than one. */
  readonly channels?: number;
  readonly payloadType: number;
  /** Where it is known before packets flow. */
  readonly ssrc?: number;
  /** Value of `a=fmtp` behind the payload type. */
  readonly parameters?: string;
}

/** Where one track goes to over UDP. */
export interface TapUdpTarget {
  readonly track: TrackKind;
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
  /** Own address that the player knows us by. */
  readonly localAddress: string;
}

/** `done`: the reader has no use for the memory any more, which is free at once where all say so. */
export type FrameListener = (frames: FramedPackets) => 'done' | void;

/** Framed packets to one reader. */
export interface TapFrames {
  requestKeyFrame(): void;
  close(): void;
}

/** Who reads a tap. */
export interface TapReader {
  readonly protocol: 'rtsp' | 'recording';
  readonly remoteAddress: string;
  readonly userAgent: string;
}

/** Who asks for a tap. */
export interface TapRequest {
  /** Absent = a recording of our own. */
  readonly reader?: TapReader;
  /** For another gateway: those that have asked each other already. */
  readonly hops?: readonly string[];
  /** Member of a room by whose token it is read. */
  readonly owner?: string | undefined;
}

/** A tap that is open, as lists show it. */
export interface TapReaderSnapshot extends TapReader {
  readonly id: string;
  readonly createdAt: number;
}

export type TapEvents = {
  /** Once: the stream ended, or its source was lost; the outputs are gone. */
  closed: [reason: string];
};

/** A running stream's RTP for a player that is no browser; counts as a viewer until it is closed. */
export interface Tap extends EventEmitter<TapEvents> {
  /** `<app>/<name>`. */
  readonly stream: string;
  /** Known when the tap was opened. */
  readonly tracks: readonly TapTrack[];
  /** Faster or slower than time runs: its stamps tell time, its arrival does not. */
  readonly ownPace?: boolean;
  readonly closed: boolean;
  /** Straight from the media thread, or from mediasoup; paused until `setPlaying`. @throws GatewayError */
  openUdp(target: TapUdpTarget): Promise<PlayerOutput>;
  /** All tracks, from anywhere in the stream: `keyFrame` tells where a picture starts. @throws GatewayError */
  openFrames(onFrames: FrameListener): Promise<TapFrames>;
  /** Idempotent. */
  close(): void;
}
