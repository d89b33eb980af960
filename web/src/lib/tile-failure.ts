import type { PlayerState } from './whep-player.ts';

/** A stream that was just declared may be a moment late, and so may one's place in the room. */
const LATE: ReadonlySet<string> = new Set(['stream_unknown', 'forbidden', 'unauthorized']);

/** What a tile says is wrong with its stream. It stands while the next try is under way, so that nothing flickers. */
export class TileFailure {
  #failures = 0;
  #code: string | undefined;

  /** The code to show; undefined = none. */
  update({ phase, error }: PlayerState): string | undefined {
    if (phase === 'playing' || phase === 'stopped') {
      this.#failures = 0;
      this.#code = undefined;
    }
    if (phase === 'failed' && error) {
      this.#failures++;
      if (this.#failures > 1 || !LATE.has(error.code)) this.#code = error.code;
    }
    return this.#code;
  }
}
