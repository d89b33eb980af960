import type { SenderReport } from '../../media/index.ts';
import type { TrackClock } from './track-clock.ts';

/** Lip sync is not seen below this (ITU-R BT.1359 has 45 ms as detectable). */
const TOLERANCE_MS = 30;
/** Clocks further apart are of a source whose reports are wrong. */
const MAX_OFFSET_MS = 10_000;

interface Reference {
  readonly ntpMs: number;
  readonly stamp: number;
  readonly epoch: number;
}

/** Milliseconds of an NTP timestamp (RFC 3550 §4). */
function ntpMsOf({ ntpSeconds, ntpFraction }: SenderReport): number {
  return ntpSeconds * 1000 + (ntpFraction * 1000) / 2 ** 32;
}

/** Sender reports put the sound to the picture (RFC 3550 §6.4.1); before both have one, the arrival does. */
export class Alignment {
  readonly #video: TrackClock;
  readonly #audio: TrackClock;
  #videoReference: Reference | undefined;
  #audioReference: Reference | undefined;

  constructor(video: TrackClock, audio: TrackClock) {
    this.#video = video;
    this.#audio = audio;
  }

  onReport(kind: 'video' | 'audio', report: SenderReport): void {
    if (report.ntpSeconds === 0) return;
    const clock = kind === 'video' ? this.#video : this.#audio;
    const reference = { ntpMs: ntpMsOf(report), stamp: report.rtpTimestamp, epoch: clock.epoch };
    if (kind === 'video') this.#videoReference = reference;
    else this.#audioReference = reference;
    this.#align();
  }

  #align(): void {
    const video = this.#videoReference;
    const audio = this.#audioReference;
    if (video === undefined || audio === undefined) return;
    if (video.epoch !== this.#video.epoch || audio.epoch !== this.#audio.epoch) return;
    const videoMs = this.#video.timeOf(video.stamp);
    const audioMs = this.#audio.timeOf(audio.stamp);
    if (videoMs === undefined || audioMs === undefined) return;
    const offsetMs = videoMs - video.ntpMs - (audioMs - audio.ntpMs);
    if (Math.abs(offsetMs) > TOLERANCE_MS && Math.abs(offsetMs) < MAX_OFFSET_MS) this.#audio.shift(offsetMs);
  }
}
