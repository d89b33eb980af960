import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

const stateSchema = z.object({
  id: z.string().regex(/^[\w-]{1,64}$/),
  since: z.string(),
  days: z
    .array(
      z.object({
        date: z.string(),
        state: z.enum(['waiting', 'sending', 'sent', 'unknown', 'given_up']),
        left: z.array(z.string()).max(200).optional(),
        attempts: z.int().default(0),
      }),
    )
    .max(100),
});

/**
 * - `waiting`: nobody has it, or those in `left` have it not;
 * - `sending`: the server has all but the end of the message. Who finds it so at a start cannot know more;
 * - `sent`: the server has taken it;
 * - `unknown`: it broke off while `sending`, or got no answer; it is not sent again by itself;
 * - `given_up`: it could not be sent for too long.
 */
export type ReportDayState = 'waiting' | 'sending' | 'sent' | 'unknown' | 'given_up';

export interface ReportDay {
  readonly date: string;
  readonly state: ReportDayState;
  /** Recipients who have not got it yet; absent: all. */
  readonly left?: readonly string[] | undefined;
  /** That failed. */
  readonly attempts: number;
}

export interface ReportState {
  /** Part of the Message-IDs. */
  readonly id: string;
  /** The first day that is reported: the one on which reports were turned on. */
  readonly since: string;
  readonly days: readonly ReportDay[];
}

/** Where the state is kept. */
export interface ReportStateStore {
  /** Undefined where there is none yet. @throws Error for what cannot be read, or is none of ours */
  read(): Promise<ReportState | undefined>;
  /** Kept for good when it resolves; a crash leaves the old state or the new one. */
  write(state: ReportState): Promise<void>;
  /** What cannot be read is kept for people to look at. */
  putAside(): Promise<void>;
}

export function createReportStateFile(file: string): ReportStateStore {
  return {
    async read() {
      let text: string;
      try {
        text = await readFile(file, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
      return stateSchema.parse(JSON.parse(text));
    },
    async write(state) {
      await mkdir(dirname(file), { recursive: true });
      const fresh = `${file}.new`;
      await sync(fresh, 'w', (handle) => handle.writeFile(`${JSON.stringify(state, undefined, 2)}\n`));
      await rename(fresh, file);
      await sync(dirname(file), 'r', async () => {});
    },
    putAside: () => rename(file, `${file}.unreadable`),
  };
}

/** Opens, works, and resolves when the disk has it. */
async function sync(path: string, flags: 'r' | 'w', work: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, flags, 0o600);
  try {
    await work(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
