import { createRtpView, parseRtp } from '../../src/media/rtp/rtp-packet.ts';
import type { CodedFrame, FrameDepacketizer, FrameSink, PayloadError } from '../../src/record/frame/types.ts';
import { rtp, type RtpFields } from './ps-builder.ts';

/** What a depacketizer told, copied, and the way to feed it. */
export class FrameRecorder implements FrameSink {
  readonly frames: CodedFrame[] = [];
  readonly errors: PayloadError[] = [];
  readonly #view = createRtpView();
  readonly depacketizer: FrameDepacketizer;
  #sequenceNumber = 0;

  constructor(create: (sink: FrameSink) => FrameDepacketizer) {
    this.depacketizer = create(this);
  }

  onFrame(frame: CodedFrame): void {
    this.frames.push({ ...frame, data: Buffer.from(frame.data) });
  }

  onPayloadError(reason: PayloadError): void {
    this.errors.push(reason);
  }

  push(payload: Buffer | string, fields: RtpFields = {}): void {
    const bytes = typeof payload === 'string' ? Buffer.from(payload.replaceAll(' ', ''), 'hex') : payload;
    const packet = rtp(bytes, { sequenceNumber: this.#sequenceNumber++ & 0xffff, ...fields });
    if (parseRtp(packet, this.#view) === undefined) this.depacketizer.push(this.#view);
  }

  /** Hexadecimal data of the frames. */
  get data(): string[] {
    return this.frames.map(({ data }) => data.toString('hex'));
  }
}
