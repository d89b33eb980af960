import { Play } from './play.ts';
import type { PlayRecord, PlayRequest } from './types.ts';

interface PlayFilter {
  readonly deviceId?: string;
  readonly channelId?: string;
  readonly limit?: number;
}

/** The latest plays, running and ended, up to a bound. */
export class PlayList {
  readonly #max: number;
  readonly #onChange: (record: PlayRecord) => void;
  /** Oldest first. */
  readonly #plays = new Map<string, Play>();

  constructor(max: number, onChange: (record: PlayRecord) => void) {
    this.#max = max;
    this.#onChange = onChange;
  }

  start(stream: string, request: PlayRequest): Play {
    const play = new Play(stream, request, (changed) => this.#onChange(changed.record));
    this.#plays.set(play.id, play);
    this.#trim();
    return play;
  }

  get(id: string): PlayRecord | undefined {
    return this.#plays.get(id)?.record;
  }

  /** Newest first. */
  list({ deviceId, channelId, limit = this.#max }: PlayFilter = {}): PlayRecord[] {
    const matching = [...this.#plays.values()].filter(
      ({ request }) =>
        (deviceId === undefined || request.deviceId === deviceId) &&
        (channelId === undefined || request.channelId === channelId),
    );
    return matching
      .toReversed()
      .slice(0, Math.max(0, limit))
      .map((play) => play.record);
  }

  /** Ended plays go first; a running one only where there is nothing else. */
  #trim(): void {
    if (this.#plays.size <= this.#max) return;
    const victim = [...this.#plays.values()].find((play) => play.ended) ?? this.#plays.values().next().value;
    if (victim !== undefined) this.#plays.delete(victim.id);
  }
}
