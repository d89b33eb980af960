import type { Response } from 'express';

/** Aborts when the client goes away before it has its answer. */
export function closeSignal(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) controller.abort();
  });
  return controller.signal;
}
