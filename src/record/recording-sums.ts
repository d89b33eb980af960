import type { RecordingJob } from './recording-job.ts';
import type { RecordingCounters } from './types.ts';

/** What recordings have come to since the start of the gateway. */
export class RecordingSums {
  readonly #ended = { bytes: 0, packets: 0, packetsLost: 0, failed: 0 };

  addEnded(job: RecordingJob): void {
    const { bytes, packetsIn, packetsLost } = job.files.written;
    this.#ended.bytes += bytes;
    this.#ended.packets += packetsIn;
    this.#ended.packetsLost += packetsLost;
    if (job.snapshot.state === 'failed') this.#ended.failed += 1;
  }

  /** Of those that have ended and these. */
  with(running: readonly RecordingJob[]): RecordingCounters {
    const sum = (key: 'bytes' | 'packetsIn' | 'packetsLost'): number =>
      running.reduce((total, { files }) => total + files.written[key], 0);
    const { bytes, packets, packetsLost, failed } = this.#ended;
    return {
      running: running.length,
      bytes: bytes + sum('bytes'),
      packets: packets + sum('packetsIn'),
      packetsLost: packetsLost + sum('packetsLost'),
      failed,
    };
  }
}
