import { EventEmitter } from 'node:events';
import { safeEmit, type Logger } from '../../util/index.ts';
import type { FramedPackets, OutputPorts, PlayerOutput, PlayerOutputEvents, PlayerTarget } from '../types.ts';
import { OutputFailedError } from './errors.ts';
import type { PlayerOutputAction, PlayerOutputNotice, PlayerOutputTarget } from './protocol.ts';

type Post = (
  request:
    | { readonly type: 'addPlayerOutput'; readonly outputId: number; readonly target: PlayerOutputTarget }
    | { readonly type: 'playerOutput'; readonly outputId: number; readonly action: PlayerOutputAction }
    | { readonly type: 'removeOutput'; readonly outputId: number },
) => void;

class PlayerOutputProxy extends EventEmitter<PlayerOutputEvents> implements PlayerOutput {
  readonly ports: OutputPorts;
  readonly #act: (action: PlayerOutputAction | 'close') => void;
  #closed = false;

  constructor(ports: OutputPorts, act: (action: PlayerOutputAction | 'close') => void) {
    super();
    this.ports = ports;
    this.#act = act;
  }

  setPlaying(playing: boolean): void {
    if (!this.#closed) this.#act(playing ? 'play' : 'pause');
  }

  requestKeyFrame(): void {
    if (!this.#closed) this.#act('keyFrame');
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#act('close');
    this.removeAllListeners();
  }
}

interface Entry {
  readonly onFrames: ((frames: FramedPackets) => void) | undefined;
  readonly opening: PromiseWithResolvers<PlayerOutput>;
  output: PlayerOutputProxy | undefined;
}

/** The main thread's side of the player outputs of one ingest. */
export class PlayerOutputs {
  readonly #post: Post;
  readonly #log: Logger;
  readonly #entries = new Map<number, Entry>();

  constructor(post: Post, log: Logger) {
    this.#post = post;
    this.#log = log;
  }

  /** @throws OutputFailedError */
  open(outputId: number, target: PlayerTarget): Promise<PlayerOutput> {
    const opening = Promise.withResolvers<PlayerOutput>();
    const onFrames = target.kind === 'framed' ? target.onFrames : undefined;
    this.#entries.set(outputId, { onFrames, opening, output: undefined });
    const sent: PlayerOutputTarget =
      target.kind === 'framed' ? { kind: 'framed', audioCodec: target.audioCodec } : target;
    this.#post({ type: 'addPlayerOutput', outputId, target: sent });
    return opening.promise;
  }

  onNotice(outputId: number, notice: PlayerOutputNotice): void {
    const entry = this.#entries.get(outputId);
    if (entry === undefined) return;
    switch (notice.name) {
      case 'opened':
        entry.output = new PlayerOutputProxy(notice.ports, (action) => this.#act(outputId, action));
        return entry.opening.resolve(entry.output);
      case 'failed':
        this.#entries.delete(outputId);
        return entry.opening.reject(new OutputFailedError('no ports for this player'));
      case 'alive':
        if (entry.output !== undefined) safeEmit(entry.output, this.#log, 'alive');
        return undefined;
      case 'frames':
        return entry.onFrames?.(notice.frames);
    }
  }

  /** The ingest has ended. */
  end(): void {
    for (const { opening } of this.#entries.values()) opening.reject(new OutputFailedError('the media session ended'));
    this.#entries.clear();
  }

  #act(outputId: number, action: PlayerOutputAction | 'close'): void {
    if (!this.#entries.has(outputId)) return;
    if (action !== 'close') return this.#post({ type: 'playerOutput', outputId, action });
    this.#entries.delete(outputId);
    this.#post({ type: 'removeOutput', outputId });
  }
}
