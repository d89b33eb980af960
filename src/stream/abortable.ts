import { StreamError } from './errors.ts';

/** The promise, or the signal's abort before it. */
export async function abortable(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise;
  const aborted = new StreamError('closed', 'the request was withdrawn');
  if (signal.aborted) throw aborted;
  const left = Promise.withResolvers<never>();
  const leave = (): void => left.reject(aborted);
  signal.addEventListener('abort', leave, { once: true });
  try {
    await Promise.race([promise, left.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
