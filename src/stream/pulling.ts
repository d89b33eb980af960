import { StreamNotFoundError } from './errors.ts';
import type { PullHold, StreamPuller } from './puller-types.ts';
import { publishedName } from './stream-name.ts';

/** Asks a puller, once there is one, for names that nobody here has. */
export class Pulling {
  #puller: StreamPuller | undefined;

  set puller(puller: StreamPuller) {
    this.#puller = puller;
  }

  /** @throws GatewayError, `stream_not_found` where nobody has it */
  async pull(given: string, hops: readonly string[] | undefined): Promise<PullHold | undefined> {
    const name = nameOf(given);
    return name === undefined ? undefined : this.#puller?.pull(name, hops);
  }

  /** @throws StreamNotFoundError for a gateway that asks for what must not be handed on */
  checkServed(name: string, hops: readonly string[] | undefined): void {
    if (hops === undefined || this.#puller?.mayServe(name, hops) !== false) return;
    throw new StreamNotFoundError(`${name} comes from another gateway`);
  }
}

/** Undefined for what cannot be published. */
function nameOf(given: string): string | undefined {
  try {
    return publishedName(given.replace(/^\/+/, ''));
  } catch {
    return undefined;
  }
}
