import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** End of a snapshot session, also where every picture failed (GB/T 28181-2022 9.5). */
export interface SnapshotFinished {
  readonly sessionId: string;
  /** 41 digits each: device, `02`, time to the millisecond, sequence. Fewer than asked for: the others failed. */
  readonly fileIds: readonly string[];
}

const MAX_FILES = 64;

export function snapshotFinishedNotify(sn: number, deviceId: string, finished: SnapshotFinished): ManscdpParts {
  const files = finished.fileIds.map((id) => xmlNode('SnapShotFileID', id));
  const rest = [xmlNode('SessionID', finished.sessionId), xmlNode('SnapShotList', files)];
  return { root: 'Notify', cmdType: 'UploadSnapShotFinished', sn, deviceId, rest };
}

export function parseSnapshotFinished({ body }: Manscdp): SnapshotFinished {
  const files = body.child('SnapShotList')?.childrenNamed('SnapShotFileID') ?? [];
  return {
    sessionId: body.field('SessionID').slice(0, 128),
    fileIds: files
      .slice(0, MAX_FILES)
      .map(({ value }) => value.slice(0, 64))
      .filter((id) => id !== ''),
  };
}
