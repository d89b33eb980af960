import { EventEmitter } from 'node:events';
import { safeEmit, type Logger } from '../../util/index.ts';
import type {
  AudioTrack,
  Ingest,
  IngestAnswer,
  IngestEndReason,
  IngestEvents,
  IngestOutput,
  IngestStats,
  PlayerOutput,
  PlayerTarget,
  VideoTrack,
} from '../types.ts';
import { OutputFailedError } from './errors.ts';
import { NO_STATS } from '../no-stats.ts';
import { PlayerOutputs } from './player-outputs.ts';
import type { IngestFact, OutputTarget, PlayerOutputNotice, ThreadRequest } from './protocol.ts';

export interface IngestProxyOptions {
  readonly key: number;
  readonly id: string;
  readonly localPort: number;
  readonly post: (request: ThreadRequest) => void;
  readonly log: Logger;
}

/** The main thread's side of an ingest: posts calls to its media thread and emits what that thread tells. */
export class IngestProxy extends EventEmitter<IngestEvents> implements Ingest {
  readonly id: string;
  readonly localPort: number;
  readonly key: number;
  readonly #post: (request: ThreadRequest) => void;
  readonly #log: Logger;
  readonly #players: PlayerOutputs;
  #video: VideoTrack | undefined;
  #audio: AudioTrack | undefined;
  #stats: IngestStats = NO_STATS;
  #closed = false;
  #nextOutputId = 1;

  constructor(options: IngestProxyOptions) {
    super();
    this.id = options.id;
    this.key = options.key;
    this.localPort = options.localPort;
    this.#post = options.post;
    this.#log = options.log;
    this.#players = new PlayerOutputs((request) => {
      if (!this.#closed) this.#post({ ...request, key: this.key });
    }, this.#log);
  }

  get video(): VideoTrack | undefined {
    return this.#video;
  }

  get audio(): AudioTrack | undefined {
    return this.#audio;
  }

  get stats(): IngestStats {
    return this.#stats;
  }

  get closed(): boolean {
    return this.#closed;
  }

  setAnswer(answer: IngestAnswer): void {
    if (!this.#closed) this.#post({ type: 'answer', key: this.key, answer });
  }

  expectChange(): void {
    if (!this.#closed) this.#post({ type: 'expectChange', key: this.key });
  }

  setSpeed(speed: number): void {
    if (!this.#closed) this.#post({ type: 'speed', key: this.key, speed });
  }

  addOutput(target: OutputTarget): IngestOutput {
    const outputId = this.#nextOutputId;
    this.#nextOutputId += 1;
    let open = !this.#closed;
    const { address, port, audioCodec } = target;
    if (open) this.#post({ type: 'addOutput', key: this.key, outputId, target: { address, port, audioCodec } });
    return {
      close: () => {
        if (open && !this.#closed) this.#post({ type: 'removeOutput', key: this.key, outputId });
        open = false;
      },
    };
  }

  async openPlayerOutput(target: PlayerTarget): Promise<PlayerOutput> {
    if (this.#closed) throw new OutputFailedError('the media session ended');
    const outputId = this.#nextOutputId;
    this.#nextOutputId += 1;
    return this.#players.open(outputId, target);
  }

  onOutput(outputId: number, notice: PlayerOutputNotice): void {
    this.#players.onNotice(outputId, notice);
  }

  close(): void {
    if (this.#closed) return;
    this.#post({ type: 'close', key: this.key });
    this.end('closed');
  }

  /** The thread's side is gone or going: emits `ended` once. */
  end(reason: IngestEndReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#players.end();
    safeEmit(this, this.#log, 'ended', reason);
  }

  setStats(stats: IngestStats): void {
    this.#stats = stats;
    safeEmit(this, this.#log, 'stats', stats);
  }

  onFact(fact: IngestFact): void {
    if (this.#closed) return;
    switch (fact.name) {
      case 'firstRtp':
        return safeEmit(this, this.#log, 'firstRtp', fact.from);
      case 'ssrcOk':
        return safeEmit(this, this.#log, 'ssrcOk', fact.ssrc);
      case 'wrongSsrc':
        return safeEmit(this, this.#log, 'wrongSsrc', fact.seen);
      case 'wrongSource':
        return safeEmit(this, this.#log, 'wrongSource', fact.seen);
      case 'track':
        if (fact.track.kind === 'video') this.#video = fact.track;
        else this.#audio = fact.track;
        return safeEmit(this, this.#log, 'track', fact.track);
      case 'silent':
        return safeEmit(this, this.#log, 'silent', fact.silentMs);
      case 'firstPack':
      case 'firstKeyFrame':
      case 'keyFrameRequested':
      case 'resumed':
        return safeEmit(this, this.#log, fact.name);
    }
  }
}
