import type { RtpView } from '../../media/index.ts';
import type { FrameDepacketizer, FrameSink } from './types.ts';

/** RFC 7587 §4.2: 120 ms is the most; a packet with more bytes than this is none. */
const MAX_PACKET_BYTES = 16_384;

/** A packet is a frame: Opus (RFC 7587), PCMA and PCMU (RFC 3551 §4.5.14). */
export class SoundDepacketizer implements FrameDepacketizer {
  readonly #sink: FrameSink;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  push({ packet, payloadStart, payloadEnd, timestamp }: RtpView): void {
    if (payloadStart >= payloadEnd) return;
    if (payloadEnd - payloadStart > MAX_PACKET_BYTES) this.#sink.onPayloadError('frame_too_large');
    else this.#sink.onFrame({ timestamp, keyFrame: true, data: packet.subarray(payloadStart, payloadEnd) });
  }

  gap(): void {}

  flush(): void {}
}
