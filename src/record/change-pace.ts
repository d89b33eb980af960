import type { JobChange } from './recording-job.ts';

/** Progress is told this often at most. */
const PROGRESS_MS = 2000;
/** How often progress is written down: after a crash the file itself tells more. */
const SAVE_MS = 30_000;

/** Which changes of running recordings are told and which are written down: progress is more often than either. */
export class ChangePace {
  readonly #last = new Map<string, { readonly told: number; readonly saved: number }>();

  /** What is due now, and counts as done. */
  take(id: string, change: JobChange): { readonly tell: boolean; readonly save: boolean } {
    const now = Date.now();
    const { told, saved } = this.#last.get(id) ?? { told: 0, saved: 0 };
    const progress = change === 'progress';
    const tell = !progress || now - told >= PROGRESS_MS;
    const save = !progress || now - saved >= SAVE_MS;
    this.#last.set(id, { told: tell ? now : told, saved: save ? now : saved });
    return { tell, save };
  }

  forget(id: string): void {
    this.#last.delete(id);
  }
}
