import type { VideoAssembler } from '../codec/video-assembler.ts';
import type { MediaSink, RtpView } from '../pipeline-types.ts';

const START_CODE = Buffer.from([0, 0, 0, 1]);
const MAX_NALU_HEADER_BYTES = 2;

/** Writes NAL units out of RTP payloads to the assembler, as Annex B: whole, out of aggregates and out of fragments. */
export class NaluWriter {
  readonly #sink: MediaSink;
  readonly #video: VideoAssembler;
  readonly #fragmentStart = Buffer.concat([START_CODE, Buffer.alloc(MAX_NALU_HEADER_BYTES)]);
  #inFragment = false;

  constructor(sink: MediaSink, video: VideoAssembler) {
    this.#sink = sink;
    this.#video = video;
  }

  discard(): void {
    this.#inFragment = false;
    this.#video.discard();
  }

  writeNalu(packet: Buffer, start: number, end: number, timestamp: number): void {
    this.#closeFragment();
    this.#video.beginPes(timestamp, -1, true);
    this.#video.append(START_CODE, 0, START_CODE.length);
    this.#video.append(packet, start, end);
    this.#video.endPes();
  }

  /** RFC 6184 §5.7.1, RFC 7798 §4.4.2: from `start` on, sixteen bits of size before each NAL unit. */
  writeAggregate({ packet, payloadEnd, timestamp }: RtpView, start: number, truncated: string): void {
    let at = start;
    while (at + 2 <= payloadEnd) {
      const size = (packet[at]! << 8) | packet[at + 1]!;
      at += 2;
      if (size === 0 || at + size > payloadEnd) {
        this.#sink.onError(truncated);
        return;
      }
      this.writeNalu(packet, at, at + size, timestamp);
      at += size;
    }
  }

  /**
   * RFC 6184 §5.8, RFC 7798 §4.4.3: the fragment behind the FU header at `fuHeader`, whose first bits are S and E.
   * `first` and `second` are the header of the NAL unit; H.264's has one byte.
   */
  writeFragment(view: RtpView, fuHeader: number, first: number, second?: number): void {
    const { packet, payloadEnd, timestamp } = view;
    const header = packet[fuHeader]!;
    if ((header & 0x80) !== 0) {
      this.#closeFragment();
      this.#inFragment = true;
      this.#fragmentStart[START_CODE.length] = first;
      this.#fragmentStart[START_CODE.length + 1] = second ?? 0;
      this.#video.beginPes(timestamp, -1, true);
      this.#video.append(this.#fragmentStart, 0, START_CODE.length + (second === undefined ? 1 : 2));
    } else if (!this.#inFragment) {
      this.#sink.onError('fu_without_start');
      return;
    }
    this.#video.append(packet, fuHeader + 1, payloadEnd);
    if ((header & 0x40) !== 0) this.#closeFragment();
  }

  #closeFragment(): void {
    if (!this.#inFragment) return;
    this.#inFragment = false;
    this.#video.endPes();
  }
}
