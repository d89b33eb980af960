import type { VideoAssembler } from '../codec/video-assembler.ts';
import type { MediaSink, RtpView } from '../pipeline-types.ts';
import { NaluWriter } from './nalu-writer.ts';

/** RFC 6184 §5.2. */
const STAP_A = 24;
const FU_A = 28;

/** RFC 6184 payloads (single NAL unit, STAP-A, FU-A) → Annex B for the assembler. */
export class H264Payload {
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
    if (payloadStart >= payloadEnd) return;
    const type = packet[payloadStart]! & 0x1f;
    if (type === FU_A) this.#pushFragment(view);
    else if (type === STAP_A) this.#writer.writeAggregate(view, payloadStart + 1, 'stap_truncated');
    else if (type >= 1 && type <= 23) this.#writer.writeNalu(packet, payloadStart, payloadEnd, view.timestamp);
    else this.#sink.onError('h264_payload_unsupported');
    if (view.marker) this.#video.marker();
  }

  discard(): void {
    this.#writer.discard();
  }

  /** RFC 6184 §5.8: FU indicator, FU header (S, E, R, type), fragment. */
  #pushFragment(view: RtpView): void {
    const { packet, payloadStart, payloadEnd } = view;
    if (payloadEnd - payloadStart < 2) {
      this.#sink.onError('fu_truncated');
      return;
    }
    const header = (packet[payloadStart]! & 0xe0) | (packet[payloadStart + 1]! & 0x1f);
    this.#writer.writeFragment(view, payloadStart + 1, header);
  }
}
