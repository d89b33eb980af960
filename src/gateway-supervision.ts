import type { Alerts } from './alert/index.ts';
import type { MediaThreads } from './media/index.ts';
import type { RecordThreads } from './record/index.ts';
import type { WebRtc } from './webrtc/index.ts';

/** What is started anew when it dies, as /healthz, /metrics and alerts name it. */
export type SupervisedKind = 'worker' | 'media_thread' | 'record_thread';

/** Deaths since the start, and those who are not back yet. */
export interface SupervisedUsage {
  readonly kind: SupervisedKind;
  readonly deaths: number;
  readonly missing: number;
}

interface Watched {
  readonly kind: SupervisedKind;
  deaths: number;
  readonly missing: () => number;
}

/** One that has died, or is back. */
type OfOne = (which: { readonly index: number }) => void;

/**
 * Counts deaths of workers and threads, and tells people of them and of who takes their place. Each part is given to it
 * as soon as it is there, because the others may take their time to open.
 */
export class Supervision {
  readonly #alerts: Pick<Alerts, 'raise' | 'clear'>;
  readonly #watched: Watched[] = [];

  constructor(alerts: Pick<Alerts, 'raise' | 'clear'>) {
    this.#alerts = alerts;
  }

  workers<T extends WebRtc>(webrtc: T): T {
    const { died, up } = this.#watch('worker', 'mediasoup worker', () => webrtc.workersTotal - webrtc.workersUp);
    webrtc.on('workerDied', died).on('workerUp', up);
    return webrtc;
  }

  mediaThreads<T extends MediaThreads>(media: T): T {
    const { died, up } = this.#watch('media_thread', 'media thread', () => media.threadsMissing);
    media.on('threadDied', died).on('threadUp', up);
    return media;
  }

  recordThreads<T extends RecordThreads>(threads: T): T {
    const { died, up } = this.#watch('record_thread', 'record thread', () => threads.threadsMissing);
    threads.on('threadDied', died).on('threadUp', up);
    return threads;
  }

  usage(): readonly SupervisedUsage[] {
    return this.#watched.map(({ kind, deaths, missing }) => ({ kind, deaths, missing: missing() }));
  }

  #watch(kind: SupervisedKind, name: string, missing: () => number): { readonly died: OfOne; readonly up: OfOne } {
    const watched: Watched = { kind, deaths: 0, missing };
    this.#watched.push(watched);
    const part = name.replace(' ', '-');
    return {
      died: ({ index }) => {
        watched.deaths += 1;
        this.#alerts.raise({ part, which: String(index), text: `a ${name} died` });
      },
      up: ({ index }) => this.#alerts.clear({ part, which: String(index), text: `the ${name} is up again` }),
    };
  }
}
