import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work that can be left between its steps; returns its result. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Of one turn of the event loop: well under what a packet or a request may wait. */
const TURN_MS = 8;
const STEP_ITEMS = 200;

/** Each item, with a step after every two hundred: a clock read for each would cost more than the work. */
export function* inSteps<T>(items: Iterable<T>, work: (item: T) => void): Steps<void> {
  let left = STEP_ITEMS;
  for (const item of items) {
    work(item);
    left -= 1;
    if (left > 0) continue;
    left = STEP_ITEMS;
    yield;
  }
}

/** All at once. @throws what the work throws */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** In turns of `turnMs`, so that everything else goes on. @throws what the work throws */
export async function finishInTurns<T>(steps: Steps<T>, turnMs = TURN_MS): Promise<T> {
  let end = performance.now() + turnMs;
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() < end) continue;
    await nextTurn();
    end = performance.now() + turnMs;
  }
}
