import { randomBytes } from 'node:crypto';
import type { Streams } from '../stream/index.ts';
import { nameOfStream, timeSuffix, type RequestedName } from './file-name.ts';
import { RecordingJob, type JobOptions, type JobParts } from './recording-job.ts';
import type { RecordingRequest } from './types.ts';

export interface NewJobParts extends Omit<JobParts, 'openTap' | 'comesBack'> {
  readonly streams: Pick<Streams, 'tap' | 'find'>;
}

const MINUTE_MS = 60_000;

/** The job of a request; `name` is what its file's name says. */
export function createJob(
  { stream, fileName, segmentMinutes, requestedBy }: RecordingRequest,
  name: RequestedName | undefined,
  { segmentMs, reopen, maxFiles }: Pick<JobOptions, 'segmentMs' | 'reopen' | 'maxFiles'>,
  { streams, ...parts }: NewJobParts,
): RecordingJob {
  const suffix = timeSuffix(new Date());
  return new RecordingJob(
    {
      id: randomBytes(12).toString('base64url'),
      stream,
      requestedBy,
      ...(fileName === undefined ? {} : { fileName }),
      // pms calls the file as its client calls the stream, and nothing else.
      nameFor: (full) => name?.base ?? (requestedBy === 'pms' ? nameOfStream(stream) : nameOfStream(full) + suffix),
      ...(name?.container === undefined ? {} : { container: name.container }),
      segmentMs: segmentMinutes === undefined ? segmentMs : segmentMinutes * MINUTE_MS,
      reopen,
      maxFiles,
    },
    {
      ...parts,
      openTap: (wanted) => streams.tap(wanted),
      comesBack: (full) => {
        const source = streams.find(full);
        return source?.source === 'camera' || source?.transport === 'pull';
      },
    },
  );
}
