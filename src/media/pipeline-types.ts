import type { AccessUnit, AudioCodec, AudioFrame, VideoCodec } from './types.ts';

/**
 * Contract between the two halves of src/media: `rtp/ ps/ codec/ packetizer/` (pure, no socket, no timer; the clock
 * is an argument) and `thread/` (sockets, ports, latching, outputs).
 *
 * RTP datagram ─▶ thread/ (SSRC and source rules, RTCP apart) ─▶ ReorderBuffer ─▶ Depacketizer ─▶ AccessUnit/AudioFrame
 *   ─▶ H264Packetizer / G711Packetizer ─▶ thread/ sends to its outputs.
 */

/** Parsed in place; offsets into the packet, nothing is copied. Re-used between packets: read it before the next parse. */
export interface RtpView {
  packet: Buffer;
  payloadType: number;
  marker: boolean;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
  payloadStart: number;
  /** Padding excluded. */
  payloadEnd: number;
}

export interface VideoParameters {
  readonly codec: VideoCodec;
  readonly profileLevelId?: string;
  readonly width?: number;
  readonly height?: number;
  /** RFC 6184 §8.1; H.264 only. */
  readonly spropParameterSets?: string;
}

export interface AudioParameters {
  readonly codec: AudioCodec;
  readonly sampleRate: number;
  readonly channels: number;
}

/** What the depacketizer tells; called synchronously from `push` and `tick`. */
export interface MediaSink {
  onPack(): void;
  onVideoParameters(parameters: VideoParameters): void;
  onAudioParameters(parameters: AudioParameters): void;
  /** The unit and its NAL units are valid only during the call. */
  onAccessUnit(unit: AccessUnit): void;
  /** The payload is valid only during the call. */
  onAudioFrame(frame: AudioFrame): void;
  /**
   * A named reason of a parser, e.g. `pes_truncated`; already counted by the depacketizer's owner through this call.
   * `frame_dropped` is one video unit that was not delivered.
   */
  onError(reason: string): void;
  /**
   * Units are discarded until the next key frame (loss, delivery switched on, joined in the middle): ask the device for one.
   * Told once when it starts and again each second while it lasts.
   */
  onKeyFrameNeeded?(): void;
}

/**
 * Takes RTP packets in order and finds access units: PS (stream id and start codes), ES by rtpmap (H264, H265, PCMA, PCMU,
 * MPEG4) or by sniffing, MPEG-TS by sniffing. Never throws. Memory bound: `maxFrameBytes` (default 4 MiB).
 */
export interface Depacketizer {
  /** Payload types of the answer's SDP; may come after the first packets. */
  setPayloads(payloads: ReadonlyArray<{ readonly payloadType: number; readonly encoding: string }>): void;
  push(view: RtpView, nowMs: number): void;
  /** The device is about to do something else, or nothing: until `setSpeed` the time line is the wall clock's. */
  expectChange(): void;
  /**
   * Recorded material comes at this multiple of its own speed from now on (negative: backwards), 1 at first: stamps are
   * scaled so that the time line runs as the wall clock does. To be told also behind a pause and a seek.
   */
  setSpeed(speed: number): void;
  /** Packets were lost before the next push: the unit in progress is dropped, units up to the next key frame are discarded (P4). */
  gap(nowMs: number): void;
  /**
   * `parameters`: nobody wants the media. Units and audio frames are still told, for counting, with `nalus: []` and an empty
   * payload; only the first bytes of video are read. `units` (the start value) delivers them whole from the
   * next key frame on.
   */
  setDelivery(delivery: 'parameters' | 'units'): void;
  /** Call about every 100 ms: a finished unit that waits for its successor's start is delivered after 2 frame times. */
  tick(nowMs: number): void;
}

/** RTP packets of one access unit, written one behind the other into memory that the packetizer re-uses. */
export interface PacketSink {
  /** A packet in `buffer[start, end)`, valid during the call. */
  (buffer: Buffer, start: number, end: number, marker: boolean): void;
}

/** RFC 6184 packetization-mode 1: STAP-A for parameter sets, FU-A over `maxPayload` (1200), SPS and PPS before each IDR. */
export interface VideoPacketizer {
  readonly ssrc: number;
  readonly payloadType: number;
  packetize(unit: AccessUnit, sink: PacketSink): void;
}

/** RFC 3551 PCMA or PCMU in 20 ms packets; converts A-law to µ-law and back where input and output differ. */
export interface AudioPacketizer {
  readonly ssrc: number;
  readonly payloadType: number;
  packetize(frame: AudioFrame, sink: PacketSink): void;
}
