import type { VideoAssembler } from '../codec/video-assembler.ts';
import type { MediaSink, RtpView } from '../pipeline-types.ts';

/** RFC 6184 §5.2. */
const STAP_A = 24;
const FU_A = 28;
const PREFIX = Buffer.from([0, 0, 0, 1]);

/** RFC 6184 payloads (single NAL unit, STAP-A, FU-A) → Annex B for the assembler. */
export class H264Payload {
  readonly #sink: MediaSink;
  readonly #video: VideoAssembler;
  readonly #fragmentStart = Buffer.from([0, 0, 0, 1, 0]);
  #inFragment = false;

  constructor(sink: MediaSink, video: VideoAssembler) {
    this.#sink = sink;
    this.#video = video;
  }

  push(view: RtpView, nowMs: number): void {
    this.#video.enterPacket(view.timestamp, nowMs);
    const { packet, payloadStart, payloadEnd } = view;
    if (payloadStart >= payloadEnd) return;
    const type = packet[payloadStart]! & 0x1f;
    if (type === FU_A) this.#pushFragment(view);
    else if (type === STAP_A) this.#pushAggregate(view);
    else if (type >= 1 && type <= 23) this.#pushNalu(packet, payloadStart, payloadEnd, view.timestamp);
    else this.#sink.onError('h264_payload_unsupported');
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

  /** RFC 6184 §5.7.1: sixteen bits of size before each NAL unit. */
  #pushAggregate({ packet, payloadStart, payloadEnd, timestamp }: RtpView): void {
    let at = payloadStart + 1;
    while (at + 2 <= payloadEnd) {
      const size = (packet[at]! << 8) | packet[at + 1]!;
      at += 2;
      if (size === 0 || at + size > payloadEnd) {
        this.#sink.onError('stap_truncated');
        return;
      }
      this.#pushNalu(packet, at, at + size, timestamp);
      at += size;
    }
  }

  /** RFC 6184 §5.8: FU indicator, FU header (S, E, R, type), fragment. */
  #pushFragment({ packet, payloadStart, payloadEnd, timestamp }: RtpView): void {
    if (payloadEnd - payloadStart < 2) {
      this.#sink.onError('fu_truncated');
      return;
    }
    const header = packet[payloadStart + 1]!;
    if ((header & 0x80) !== 0) {
      this.#closeFragment();
      this.#inFragment = true;
      this.#fragmentStart[4] = (packet[payloadStart]! & 0xe0) | (header & 0x1f);
      this.#video.beginPes(timestamp, -1, true);
      this.#video.append(this.#fragmentStart, 0, 5);
    } else if (!this.#inFragment) {
      this.#sink.onError('fu_without_start');
      return;
    }
    this.#video.append(packet, payloadStart + 2, payloadEnd);
    if ((header & 0x40) !== 0) this.#closeFragment();
  }

  #closeFragment(): void {
    if (!this.#inFragment) return;
    this.#inFragment = false;
    this.#video.endPes();
  }
}
