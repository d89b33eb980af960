import type { Behaviour } from './behaviour.ts';
import { wallClockMs, type FrameLog } from './frame-log.ts';
import { stampFrame, type MuxedClip } from './muxed-clip.ts';
import type { Outlet } from './outlet.ts';
import { formatSenderReport, layOutReport } from './sender-report.ts';

/** Counters of sessions, for tests and the load generator. */
export interface MediaCounters {
  frames: number;
  packets: number;
  bytes: number;
  /** Frames that found the connection full. */
  dropped: number;
  keyFrameRequests: number;
}

export interface FrameSenderOptions {
  readonly outlet: Outlet;
  readonly muxed: MuxedClip;
  readonly behaviour: Behaviour;
  readonly ssrc: number;
  readonly log: FrameLog;
  readonly counters: MediaCounters;
  /** A frame that found the connection full comes again; without this nothing leaves until a key frame. */
  readonly repeats?: boolean;
  /** Told of each frame as it leaves; `sentAt` is Unix ms. */
  readonly onFrame?: (index: number, sentAt: number) => void;
}

/** A picture that is due. */
export interface DueFrame {
  /** Of the clip. */
  readonly index: number;
  /** Of the session, from 0. */
  readonly number: number;
  /** Its place on the session's time line, in frames; `number` in live sessions. */
  readonly place: number;
  readonly withAudio: boolean;
}

/** Sends pictures of a clip with the numbers and clocks of one session. */
export class FrameSender {
  readonly #options: FrameSenderOptions;
  readonly #clockBase = Math.floor(Math.random() * 0x8000_0000);
  #sequenceNumber = Math.floor(Math.random() * 0x1_0000);
  /** After a dropped frame nothing leaves until a key frame. */
  #waitsForKeyFrame = false;
  #packets = 0;
  #octets = 0;

  constructor(options: FrameSenderOptions) {
    this.#options = options;
  }

  /** False where it found the connection full, or waits for a key frame since then. */
  send({ index, number, place, withAudio }: DueFrame): boolean {
    const { muxed, behaviour, outlet } = this.#options;
    const template = muxed.template(index, withAudio);
    if (this.#waitsForKeyFrame && !template.keyFrame && this.#options.repeats !== true) return false;
    const starts = template.packets;
    const stamped = stampFrame(template, {
      ssrc: this.#options.ssrc,
      sequenceNumber: this.#sequenceNumber,
      clock90k: this.#clock90k(place),
      rtpTimestamp: behaviour.rtpTimestamp,
    });
    const { transport } = outlet;
    let bytes = stamped;
    for (const fault of behaviour.frameFaults) bytes = fault({ bytes, starts, number, transport });
    const sentAt = wallClockMs();
    this.#waitsForKeyFrame = !outlet.send(bytes, starts);
    if (this.#waitsForKeyFrame) {
      this.#options.counters.dropped += 1;
      return false;
    }
    this.#account(starts.length - 1, bytes.length);
    this.#options.log.record(index, sentAt);
    this.#options.onFrame?.(index, sentAt);
    return true;
  }

  /** RTCP for a time line that has come to this place. */
  report(place: number): void {
    const report = formatSenderReport({
      ssrc: this.#options.ssrc,
      unixMs: Date.now(),
      rtpTimestamp: this.#options.behaviour.rtpTimestamp(this.#clock90k(place)) % 0x1_0000_0000,
      packets: this.#packets,
      octets: this.#octets,
    });
    const { bytes, starts } = layOutReport(report);
    this.#options.outlet.send(bytes, starts);
  }

  #account(packets: number, bytes: number): void {
    const { counters } = this.#options;
    this.#sequenceNumber = (this.#sequenceNumber + packets) & 0xffff;
    this.#packets += packets;
    this.#octets += bytes;
    counters.frames += 1;
    counters.packets += packets;
    counters.bytes += bytes;
  }

  #clock90k(place: number): number {
    return this.#clockBase + Math.round(place * this.#options.muxed.frame90k);
  }
}
