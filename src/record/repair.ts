import { DiskFile } from './disk-file.ts';
import { finishMp4 } from './mp4/finish.ts';
import { finishWebm } from './webm/finish.ts';

export interface RepairedFile {
  readonly durationMs: number;
  readonly bytes: number;
}

/** Completes a file that a crash left; one that is complete stays as it is. `not_ours` is any other file. */
export function repairFile(path: string): RepairedFile | 'not_ours' {
  const disk = DiskFile.open(path);
  try {
    const result = path.endsWith('.webm') ? finishWebm(disk) : finishMp4(disk);
    return result === 'not_ours' ? result : { durationMs: Math.round(result.durationMs), bytes: disk.size };
  } finally {
    disk.close();
  }
}
