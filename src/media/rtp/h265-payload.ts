import type { VideoAssembler } from '../codec/video-assembler.ts';
import type { MediaSink, RtpView } from '../pipeline-types.ts';
import { NaluWriter } from './nalu-writer.ts';

/** RFC 7798 §4.4. */
const AGGREGATION = 48;
const FRAGMENTATION = 49;

/** RFC 7798 payloads (single NAL unit, aggregation, fragmentation; no DON) → Annex B for the assembler. */
export class H265Payload {
  readonly #sink: MediaSink;
  readonly #video: VideoAssembler;
  readonly #writer: NaluWriter;

  constructor(sink: MediaSink, video: VideoAssembler) {
    this.#sink = sink;
    this.#video = video;
    this.#writer = new NaluWriter(sink, video);
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
    else if (type === AGGREGATION) this.#writer.writeAggregate(view, payloadStart + 2, 'ap_truncated');
    else if (type < AGGREGATION) this.#writer.writeNalu(packet, payloadStart, payloadEnd, view.timestamp);
    else this.#sink.onError('h265_payload_unsupported');
    if (view.marker) this.#video.marker();
  }

  discard(): void {
    this.#writer.discard();
  }

  /** RFC 7798 §4.4.3: payload header of two bytes, FU header (S, E, type), fragment. */
  #pushFragment(view: RtpView): void {
    const { packet, payloadStart } = view;
    const first = (packet[payloadStart]! & 0x81) | ((packet[payloadStart + 2]! & 0x3f) << 1);
    this.#writer.writeFragment(view, payloadStart + 2, first, packet[payloadStart + 1]!);
  }
}
