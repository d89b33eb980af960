import type { Capabilities } from '../capability/capabilities.ts';
import type { CommandOutcome } from '../capability/types.ts';

/** Under which a device's way with playback control stands among its capabilities (GB/T 28181 14). */
const COMMAND = 'MANSRTSP';
/** A device that did not answer may have been out of reach. */
const SILENCE_COUNTS_MS = 86_400_000;

/** Which devices are known not to take MANSRTSP: those are steered by new INVITEs without being asked again. */
export class Steering {
  readonly #capabilities: Pick<Capabilities, 'list' | 'note'>;
  readonly #now: () => number;

  constructor(capabilities: Pick<Capabilities, 'list' | 'note'>, now: () => number) {
    this.#capabilities = capabilities;
    this.#now = now;
  }

  takes(deviceId: string): boolean {
    const { outcome, at } = this.#known(deviceId) ?? { outcome: 'confirmed', at: 0 };
    if (outcome === 'refused') return false;
    return outcome !== 'unanswered' || this.#now() - at > SILENCE_COUNTS_MS;
  }

  /** A device that has taken MANSRTSP once knows it: what fails later has other reasons. */
  note(deviceId: string, outcome: CommandOutcome, detail = ''): void {
    if (outcome !== 'confirmed' && this.#known(deviceId)?.outcome === 'confirmed') return;
    this.#capabilities.note(deviceId, COMMAND, outcome, detail);
  }

  #known(deviceId: string): { readonly outcome: CommandOutcome; readonly at: number } | undefined {
    return this.#capabilities.list(deviceId).find(({ command }) => command === COMMAND);
  }
}
