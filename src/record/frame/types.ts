import type { RtpView } from '../../media/index.ts';

export type VideoEncoding = 'H264' | 'H265' | 'VP8' | 'VP9' | 'AV1';
export type AudioEncoding = 'OPUS' | 'PCMA' | 'PCMU';

/** What a file's header says about a picture track. */
export interface VideoFormat {
  readonly encoding: VideoEncoding;
  readonly width: number;
  readonly height: number;
  /** Contents of `avcC`, `hvcC`, `vpcC` or `av1C`. */
  readonly configuration: Buffer;
}

/** What a file's header says about a sound track. */
export interface AudioFormat {
  readonly encoding: AudioEncoding;
  readonly sampleRate: number;
  readonly channels: number;
}

/** One coded picture or piece of sound as a file has it; `data` is valid during the call. */
export interface CodedFrame {
  /** RTP timestamp. */
  readonly timestamp: number;
  readonly keyFrame: boolean;
  readonly data: Buffer;
  /** With a key frame; the same object until it changes. */
  readonly format?: VideoFormat;
}

/** Why a payload, or the frame that it belongs to, is not used. */
export type PayloadError =
  | 'payload_truncated'
  | 'payload_unsupported'
  | 'fragment_without_start'
  | 'frame_incomplete'
  | 'frame_too_large'
  | 'format_unreadable';

export interface FrameSink {
  onFrame(frame: CodedFrame): void;
  onPayloadError(reason: PayloadError): void;
}

/** RTP packets in order → frames. Never throws; memory bound: `MAX_FRAME_BYTES`. */
export interface FrameDepacketizer {
  push(view: RtpView): void;
  /** Packets are missing before the next one: the frame in progress is dropped. */
  gap(): void;
  /** The stream ended: a frame that waits for its successor is told. */
  flush(): void;
}
