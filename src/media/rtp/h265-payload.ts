import type { VideoAssembler } from '../codec/video-assembler.ts';
import type { MediaSink, RtpView } from '../pipeline-types.ts';

/** RFC 7798 §4.4. */
const AGGREGATION = 48;
const FRAGMENTATION = 49;
const PREFIX = Buffer.from([0, 0, 0, 1]);

/** RFC 7798 payloads (single NAL unit, aggregation, fragmentation; no DON) → Annex B for the assembler. */
export class H265Payload {
  readonly #sink: MediaSink;
  readonly #video: VideoAssembler;
  readonly #fragmentStart = Buffer.from([0, 0, 0, 1, 0, 0]);
  #inFragment = false;

  constructor(sink: MediaSink, video: VideoAssembler) {
    this.#sink = sink;
    this.#video = video;
  }

  push(view: RtpView, nowMs: number): void {
    this.#video.enterPacket(view.timestamp, nowMs);
    const { packet, payloadStart, payloadEnd } = view;
    if (payloadEnd - payloadStart < 3) {
      this.#sink.onError('h265_payload_truncated');
      return;
    }
    const type = (packet[payloadStart]! >> 1) & 0x3f;
    if (type === FRAGMENTATION) this.#pushFragment(view);
    else if (type === AGGREGATION) this.#pushAggregate(view);
    else if (type < AGGREGATION) this.#pushNalu(packet, payloadStart, payloadEnd, view.timestamp);
    else this.#sink.onError('h265_payload_unsupported');
    if (view.marker) this.#video.marker();
  }

  discard(): void {
    this.#inFragment = false;
    this.#video.discard();
  }

  #pushNalu(packet: Buffer, start: number, end: number, timestamp: number): void {
    this.#closeFragment();
    this.#video.beginPes(timestamp, -1, true);
    this.#video.append(PREFIX, 0, PREFIX.length);
    this.#video.append(packet, start, end);
    this.#video.endPes();
  }

  #pushAggregate({ packet, payloadStart, payloadEnd, timestamp }: RtpView): void {
    let at = payloadStart + 2;
    while (at + 2 <= payloadEnd) {
      const size = (packet[at]! << 8) | packet[at + 1]!;
      at += 2;
      if (size === 0 || at + size > payloadEnd) {
        this.#sink.onError('ap_truncated');
        return;
      }
      this.#pushNalu(packet, at, at + size, timestamp);
      at += size;
    }
  }

  /** RFC 7798 §4.4.3: payload header of two bytes, FU header (S, E, type), fragment. */
  #pushFragment({ packet, payloadStart, payloadEnd, timestamp }: RtpView): void {
    const header = packet[payloadStart + 2]!;
    if ((header & 0x80) !== 0) {
      this.#closeFragment();
      this.#inFragment = true;
      this.#fragmentStart[4] = (packet[payloadStart]! & 0x81) | ((header & 0x3f) << 1);
      this.#fragmentStart[5] = packet[payloadStart + 1]!;
      this.#video.beginPes(timestamp, -1, true);
      this.#video.append(this.#fragmentStart, 0, 6);
    } else if (!this.#inFragment) {
      this.#sink.onError('fu_without_start');
      return;
    }
    this.#video.append(packet, payloadStart + 3, payloadEnd);
    if ((header & 0x40) !== 0) this.#closeFragment();
  }

  #closeFragment(): void {
    if (!this.#inFragment) return;
    this.#inFragment = false;
    this.#video.endPes();
  }
}
