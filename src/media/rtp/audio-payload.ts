import type { AudioAssembler } from '../codec/audio-assembler.ts';
import type { RtpView } from '../pipeline-types.ts';

/** Audio with a payload type of its own: whole frames in each packet (RFC 3551). */
export class AudioPayload {
  readonly #audio: AudioAssembler;

  constructor(audio: AudioAssembler) {
    this.#audio = audio;
  }

  push(view: RtpView, nowMs: number): void {
    this.#audio.beginPes(view.timestamp);
    this.#audio.append(view.packet, view.payloadStart, view.payloadEnd);
    this.#audio.endPes(nowMs);
  }

  discard(): void {
    this.#audio.discard();
  }
}
