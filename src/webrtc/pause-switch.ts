/** A producer or a consumer of mediasoup, as far as its pause goes. */
interface Pausable {
  readonly closed: boolean;
  /** Follows the worker's answer. */
  readonly paused: boolean;
  pause(): Promise<void>;
  resume(): Promise<void>;
}

const turns = new WeakMap<Pausable, Promise<void>>();

/**
 * Pauses or resumes as is wanted when its turn comes: one change after the other, because `paused` says nothing while one
 * is on its way. The last wish wins. Rejects when the worker refuses.
 */
export async function settlePaused(target: Pausable, wanted: () => boolean): Promise<void> {
  const before = turns.get(target) ?? Promise.resolve();
  const turn = before.then(async () => {
    const paused = wanted();
    if (target.closed || target.paused === paused) return;
    await (paused ? target.pause() : target.resume());
  });
  const settled = turn.catch(() => undefined);
  turns.set(target, settled);
  await turn;
}
