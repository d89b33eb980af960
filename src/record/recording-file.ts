import type { AudioFormat, VideoFormat } from './frame/types.ts';

/** What a file has; at least one of both. */
export interface FileTracks {
  readonly video?: VideoFormat;
  readonly audio?: AudioFormat;
}

/** A file in its container; times are milliseconds from its start. All methods but `add…` throw what the disk says. */
export interface RecordingFile {
  readonly path: string;
  /** What of it is on the disk. */
  readonly bytes: number;
  readonly durationMs: number;
  /** Bytes that wait for `flush`. */
  readonly pendingBytes: number;
  /** False where the frame does not fit. */
  addVideo(timeMs: number, keyFrame: boolean, data: Uint8Array): boolean;
  addAudio(timeMs: number, data: Uint8Array): boolean;
  /** The pictures' parameters changed: with the next key frame they are in the stream. */
  changeVideo(format: VideoFormat): void;
  /** Writes what came so far as a fragment that can be read. */
  flush(): void;
  /** Writes the rest, and closes the file, which `repairFile` then makes complete. */
  finish(): void;
  /** After a failed write: what is on the disk stays. */
  abandon(): void;
}
