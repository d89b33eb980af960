import type { Alerts } from './alert/index.ts';
import type { MediaThreads } from './media/index.ts';
import type { RecordThreads } from './record/index.ts';
import type { WebRtc } from './webrtc/index.ts';

interface SupervisedParts {
  readonly webrtc: WebRtc;
  readonly media: MediaThreads;
  readonly threads: RecordThreads;
}

/** What is started anew when it dies, as /healthz, /metrics and alerts name it. */
export type SupervisedKind = 'worker' | 'media_thread' | 'record_thread';

/** Deaths since the start, and those who are not back yet. */
export interface SupervisedUsage {
  readonly kind: SupervisedKind;
  readonly deaths: number;
  readonly missing: number;
}

export interface Supervision {
  usage(): readonly SupervisedUsage[];
}

/** Counts deaths of workers and threads, and tells people of them and of who takes their place. */
export function supervise({ webrtc, media, threads }: SupervisedParts, alerts: Alerts): Supervision {
  const deaths = { worker: 0, media_thread: 0, record_thread: 0 };
  const watch = (kind: SupervisedKind, part: string, name: string) => ({
    died: ({ index }: { readonly index: number }): void => {
      deaths[kind] += 1;
      alerts.raise({ part, which: String(index), text: `a ${name} died` });
    },
    up: ({ index }: { readonly index: number }): void =>
      alerts.clear({ part, which: String(index), text: `the ${name} is up again` }),
  });
  const worker = watch('worker', 'mediasoup-worker', 'mediasoup worker');
  webrtc.on('workerDied', worker.died).on('workerUp', worker.up);
  const mediaThread = watch('media_thread', 'media-thread', 'media thread');
  media.on('threadDied', mediaThread.died).on('threadUp', mediaThread.up);
  const recordThread = watch('record_thread', 'record-thread', 'record thread');
  threads.on('threadDied', recordThread.died).on('threadUp', recordThread.up);
  return {
    usage: () => [
      { kind: 'worker', deaths: deaths.worker, missing: webrtc.workersTotal - webrtc.workersUp },
      { kind: 'media_thread', deaths: deaths.media_thread, missing: media.threadsMissing },
      { kind: 'record_thread', deaths: deaths.record_thread, missing: threads.threadsMissing },
    ],
  };
}
