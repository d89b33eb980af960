import type { TapTrack } from '../../stream/index.ts';
import type { Container, WriterEndReason, WrittenFile } from '../writer-types.ts';

/** What a thread is started with. */
export interface ThreadOptions {
  /** How long a start waits for the first key frame. */
  readonly startMs: number;
}

export interface OpenRequest {
  readonly key: number;
  readonly directory: string;
  readonly baseName: string;
  readonly takenNumbers?: readonly number[];
  readonly tracks: readonly TapTrack[];
  /** As of the tap. */
  readonly ownPace?: boolean;
  readonly container?: Container;
  readonly segmentMs?: number;
}

/** Main thread → record thread. */
export type ThreadRequest =
  | ({ readonly type: 'open' } & OpenRequest)
  /** Records: arrival in milliseconds (64-bit floating point), bytes (32 bits), framed packets. */
  | { readonly type: 'packets'; readonly key: number; readonly memory: ArrayBuffer; readonly length: number }
  /** Packets were left out, because the thread does not keep up. */
  | { readonly type: 'skipped'; readonly key: number; readonly packets: number }
  | { readonly type: 'stop'; readonly key: number; readonly reason: WriterEndReason; readonly message: string }
  | { readonly type: 'repair'; readonly key: number; readonly path: string }
  | { readonly type: 'shutdown' };

/** Why a recording did not begin. */
export type StartFailure = 'no_key_frame' | 'codec_unsupported' | 'disk_full' | 'write_failed';

/** Record thread → main thread. */
export type ThreadNotice =
  | { readonly type: 'ready' }
  | { readonly type: 'taken'; readonly key: number; readonly memory: ArrayBuffer }
  | {
      readonly type: 'begun';
      readonly key: number;
      readonly container: Container;
      readonly codecs: readonly string[];
      readonly file: WrittenFile;
    }
  | { readonly type: 'notBegun'; readonly key: number; readonly failure: StartFailure; readonly message: string }
  | { readonly type: 'file'; readonly key: number; readonly event: 'file' | 'progress'; readonly file: WrittenFile }
  | { readonly type: 'keyFrameNeeded'; readonly key: number }
  | { readonly type: 'ended'; readonly key: number; readonly reason: WriterEndReason; readonly message: string }
  | { readonly type: 'repaired'; readonly key: number; readonly durationMs: number; readonly bytes: number }
  | { readonly type: 'notRepaired'; readonly key: number; readonly message: string }
  | {
      readonly type: 'log';
      readonly fields: Readonly<Record<string, unknown>>;
      readonly message: string;
    };
