import { EventEmitter } from 'node:events';
import type {
  PlaybackChange,
  PlaybackCounters,
  PlaybackRequest,
  Playbacks,
  PlaybacksEvents,
  PlaybackSnapshot,
} from '../../src/stream/index.ts';
import { FakeError } from './fake-platform.ts';

/** Playbacks without devices: they do at once what they are told. */
export class FakePlaybacks extends EventEmitter<PlaybacksEvents> implements Playbacks {
  /** Thrown by `start` and `change`. */
  failure: Error | undefined;
  readonly changes: Array<readonly [id: string, change: PlaybackChange]> = [];
  readonly #playbacks = new Map<string, PlaybackSnapshot>();

  get counters(): PlaybackCounters {
    const ends = this.list().flatMap(({ end }) => end ?? []);
    const ended = Object.fromEntries(ends.map((end) => [end, ends.filter((each) => each === end).length]));
    return { running: this.#playbacks.size - ends.length, ended };
  }

  async start({
    deviceId,
    channelId,
    fromMs,
    toMs,
    speed = 1,
    subStream = 0,
    sessionName = 'Playback',
  }: PlaybackRequest): Promise<PlaybackSnapshot> {
    if (this.failure !== undefined) throw this.failure;
    const id = `pb${this.#playbacks.size + 1}`;
    const stream = `playback/${deviceId}_${channelId}_${id}`;
    return this.#set({
      id,
      stream,
      playId: `play-${id}`,
      deviceId,
      channelId,
      subStream,
      fromMs,
      toMs,
      state: 'playing',
      speed,
      positionMs: fromMs,
      control: 'info',
      sessionName,
      createdAt: 1_700_000_000_000,
    });
  }

  list(): PlaybackSnapshot[] {
    return [...this.#playbacks.values()].toReversed();
  }

  get(id: string): PlaybackSnapshot | undefined {
    return this.#playbacks.get(id);
  }

  async change(id: string, change: PlaybackChange): Promise<PlaybackSnapshot> {
    if (this.failure !== undefined) throw this.failure;
    const playback = this.#playbacks.get(id);
    if (playback === undefined) throw new FakeError('playback_unknown', `no playback ${id}`);
    this.changes.push([id, change]);
    const { state = playback.state, speed = playback.speed, positionMs = playback.positionMs } = change;
    return this.#set({ ...playback, state, speed, positionMs });
  }

  async stop(id: string): Promise<boolean> {
    const playback = this.#playbacks.get(id);
    if (playback === undefined) return false;
    this.#set({ ...playback, state: 'ended', end: 'stopped', endedAt: 1_700_000_010_000 });
    return true;
  }

  #set(playback: PlaybackSnapshot): PlaybackSnapshot {
    this.#playbacks.set(playback.id, playback);
    this.emit('changed', playback);
    return playback;
  }
}
