import { StreamOwnerGoneError } from './errors.ts';

/** What a member has asked for is done long before so many others have left. */
const MAX_FORMER = 20_000;

/** What a member has asked for, until it is open. */
interface Asked {
  readonly owner: string;
  /** Of what it wants to watch or read. */
  readonly watched: string | undefined;
  refused: boolean;
}

/** Members of rooms that have left, or whose rooms a stream has left: what they had asked for before must not open. */
export class FormerOwners {
  readonly #ids = new Set<string>();
  readonly #asked = new Set<Asked>();

  add(owner: string): void {
    this.#ids.add(owner);
    const [oldest] = this.#ids;
    if (this.#ids.size > MAX_FORMER && oldest !== undefined) this.#ids.delete(oldest);
  }

  /** Of a stream, by any of its names, that is on its way to members who may not have it any more. */
  refuse(isStream: (name: string) => boolean, mayStay: (owner: string) => boolean): void {
    for (const asked of this.#asked) {
      if (asked.watched !== undefined && isStream(asked.watched) && !mayStay(asked.owner)) asked.refused = true;
    }
  }

  /** What was opened, unless its owner may not have it any more: then it is closed. @throws StreamOwnerGoneError */
  async keep<T>(
    { owner, watched }: { readonly owner?: string | undefined; readonly watched?: string },
    opening: Promise<T>,
    close: (opened: T) => void,
  ): Promise<T> {
    if (owner === undefined) return opening;
    const asked: Asked = { owner, watched, refused: false };
    this.#asked.add(asked);
    try {
      const opened = await opening;
      if (!asked.refused && !this.#ids.has(owner)) return opened;
      close(opened);
      throw new StreamOwnerGoneError('the member, or the stream, has left the room');
    } finally {
      this.#asked.delete(asked);
    }
  }
}
