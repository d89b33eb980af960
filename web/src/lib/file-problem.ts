import { ApiError } from '../api/http.ts';

const GONE: ReadonlySet<number> = new Set([404, 410]);

/** Why a video element took no file: a browser tells only that it did not, so the gateway is asked. */
export type FileProblem =
  | { readonly kind: 'unplayable' | 'gone' }
  | { readonly kind: 'refused'; readonly message: string };

/** `check` reads a little of the file and rejects with the gateway's reason. */
export async function fileProblem(check: () => Promise<void>): Promise<FileProblem> {
  try {
    await check();
    return { kind: 'unplayable' };
  } catch (error) {
    if (error instanceof ApiError && GONE.has(error.status)) return { kind: 'gone' };
    return { kind: 'refused', message: error instanceof Error ? error.message : String(error) };
  }
}
