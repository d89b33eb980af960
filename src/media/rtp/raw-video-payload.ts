import type { VideoAssembler } from '../codec/video-assembler.ts';
import type { RtpView } from '../pipeline-types.ts';

/** An elementary stream cut into packets as it is: MPEG-4 (RFC 3016), or Annex B H.264/H.265 under payload type 96. */
export class RawVideoPayload {
  readonly #video: VideoAssembler;

  constructor(video: VideoAssembler) {
    this.#video = video;
  }

  push(view: RtpView, nowMs: number): void {
    this.#video.enterPacket(view.timestamp, nowMs);
    this.#video.beginPes(view.timestamp, -1, true);
    this.#video.append(view.packet, view.payloadStart, view.payloadEnd);
    this.#video.endPes();
    if (view.marker) this.#video.marker();
  }

  discard(): void {
    this.#video.discard();
  }
}
