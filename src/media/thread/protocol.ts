import type { LogLevel } from '../../util/index.ts';
import type { RelayNotice, RelayRequest } from '../relay/protocol.ts';
import type {
  FramedPackets,
  FramedPlayerTarget,
  FramingStats,
  FramingTrack,
  H264Description,
  IngestAnswer,
  IngestEndReason,
  IngestOptions,
  IngestStats,
  MediaThreadsOptions,
  OutputPorts,
  PlayableAudio,
  Track,
  UdpDestination,
  UdpPlayerTarget,
} from '../types.ts';

/** What a media thread is started with (`workerData`). */
export type ThreadOptions = Pick<
  MediaThreadsOptions,
  'listenAddress' | 'mode' | 'singlePort' | 'reorderMs' | 'receiveBufferBytes'
>;

/** A player's output, as it can be told to another thread. */
export type PlayerOutputTarget = UdpPlayerTarget | Omit<FramedPlayerTarget, 'onFrames'>;

/** What the main thread asks of a player's output. */
export type PlayerOutputAction = 'play' | 'pause' | 'keyFrame';

/** Where an output sends to. */
export interface OutputTarget {
  readonly address: string;
  readonly port: number;
  readonly audioCodec: PlayableAudio;
}

/** Main thread to media thread. `key` is unique for the life of the process; the caller's id may come again. */
export type ThreadRequest =
  | { readonly type: 'open'; readonly key: number; readonly port: number; readonly options: IngestOptions }
  | { readonly type: 'answer'; readonly key: number; readonly answer: IngestAnswer }
  | { readonly type: 'expectChange'; readonly key: number }
  | { readonly type: 'speed'; readonly key: number; readonly speed: number }
  | { readonly type: 'addOutput'; readonly key: number; readonly outputId: number; readonly target: OutputTarget }
  | {
      readonly type: 'addPlayerOutput';
      readonly key: number;
      readonly outputId: number;
      readonly target: PlayerOutputTarget;
    }
  | {
      readonly type: 'playerOutput';
      readonly key: number;
      readonly outputId: number;
      readonly action: PlayerOutputAction;
    }
  | { readonly type: 'removeOutput'; readonly key: number; readonly outputId: number }
  | { readonly type: 'close'; readonly key: number }
  | { readonly type: 'framing'; readonly request: FramingRequest }
  | { readonly type: 'relay'; readonly key: number; readonly request: RelayRequest }
  | { readonly type: 'shutdown' };

/** A framing's output, as it can be told to another thread. */
export type FramingTarget = UdpDestination | { readonly kind: 'frames' };

/** Of a publication's packets that are to be framed. */
export type FramingRequest =
  | {
      readonly name: 'open';
      readonly key: number;
      readonly tracks: readonly FramingTrack[];
      readonly output: FramingTarget;
    }
  | { readonly name: 'close'; readonly key: number };

/** Why an ingest could not open its sockets. */
export type OpenFailure = 'port_in_use' | 'bind_failed' | 'ssrc_taken';

/** Facts of an ingest that are passed on as events of the same name. */
export type IngestFact =
  | {
      readonly name: 'firstRtp';
      readonly from: {
        readonly address: string;
        readonly port: number;
        readonly ssrc: number;
        readonly payloadType: number;
      };
    }
  | { readonly name: 'ssrcOk'; readonly ssrc: number }
  | {
      readonly name: 'wrongSsrc';
      readonly seen: { readonly ssrc: number; readonly expected: number; readonly address: string };
    }
  | { readonly name: 'wrongSource'; readonly seen: { readonly address: string; readonly expected: string } }
  | { readonly name: 'firstPack' }
  | { readonly name: 'track'; readonly track: Track }
  | { readonly name: 'firstKeyFrame' }
  | { readonly name: 'keyFrameRequested' }
  | { readonly name: 'silent'; readonly silentMs: number }
  | { readonly name: 'resumed' };

/** What a player's output tells. */
export type PlayerOutputNotice =
  | { readonly name: 'opened'; readonly ports: OutputPorts }
  | { readonly name: 'failed' }
  | { readonly name: 'alive' }
  | { readonly name: 'frames'; readonly frames: FramedPackets };

/** What framings tell. */
export type FramingNotice =
  | { readonly name: 'opened'; readonly key: number; readonly port: number; readonly ports: OutputPorts }
  | { readonly name: 'alive' | 'keyFrameRequested'; readonly key: number }
  | { readonly name: 'failed'; readonly key: number; readonly reason: string }
  | { readonly name: 'described'; readonly key: number; readonly video: H264Description }
  | { readonly name: 'frames'; readonly key: number; readonly frames: FramedPackets }
  | {
      readonly name: 'stats';
      readonly entries: ReadonlyArray<{ readonly key: number; readonly stats: FramingStats }>;
    };

/** Media thread to main thread. */
export type ThreadNotice =
  | { readonly type: 'framing'; readonly notice: FramingNotice }
  | { readonly type: 'ready' }
  | { readonly type: 'startFailed'; readonly port: number; readonly reason: string }
  | { readonly type: 'opened'; readonly key: number; readonly port: number }
  | { readonly type: 'openFailed'; readonly key: number; readonly failure: OpenFailure; readonly reason: string }
  | {
      readonly type: 'output';
      readonly key: number;
      readonly outputId: number;
      readonly event: PlayerOutputNotice;
    }
  | { readonly type: 'fact'; readonly key: number; readonly fact: IngestFact }
  | { readonly type: 'relay'; readonly key: number; readonly notice: RelayNotice }
  /** Of the thread and all its ingests, in one message a second. */
  | {
      readonly type: 'stats';
      readonly entries: ReadonlyArray<{ readonly key: number; readonly stats: IngestStats }>;
      readonly cpuSeconds: number;
      readonly residentBytes: number;
    }
  /** Sockets are closed; `reason` is `closed` where the main thread asked for it. */
  | { readonly type: 'ended'; readonly key: number; readonly reason: IngestEndReason; readonly stats: IngestStats }
  | {
      readonly type: 'log';
      readonly level: Extract<LogLevel, 'debug' | 'info' | 'warn' | 'error'>;
      readonly fields: Readonly<Record<string, unknown>>;
      readonly message: string;
    };
