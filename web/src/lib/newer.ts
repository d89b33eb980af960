/** What events tell while a list is under way, so that the older list does not overwrite it. Undefined = it is gone. */
export class Newer<V> {
  /** Of each request that is under way, since it was sent. */
  readonly #open = new Set<Map<string, V | undefined>>();

  note(key: string, value: V | undefined): void {
    for (const changes of this.#open) changes.set(key, value);
  }

  /** The answer, and what has changed since it was asked for. */
  async ask<T>(request: () => Promise<T>): Promise<{ answer: T; changes: ReadonlyMap<string, V | undefined> }> {
    const changes = new Map<string, V | undefined>();
    this.#open.add(changes);
    try {
      return { answer: await request(), changes };
    } finally {
      this.#open.delete(changes);
    }
  }
}

/** What a list has told, with what is newer than it. */
export function withNewer<V>(
  listed: Iterable<readonly [key: string, value: V]>,
  changes: ReadonlyMap<string, V | undefined>,
): Map<string, V> {
  const merged = new Map(listed);
  for (const [key, value] of changes) {
    if (value === undefined) merged.delete(key);
    else merged.set(key, value);
  }
  return merged;
}

/** Answers may overtake each other: one counts only while no later request has been answered. */
export class Turns {
  #asked = 0;
  #answered = 0;

  /** Begins a request; the function tells, when its answer is here, whether that counts. */
  ask(): () => boolean {
    const mine = ++this.#asked;
    return () => {
      if (mine < this.#answered) return false;
      this.#answered = mine;
      return true;
    };
  }
}
