import type { RtpView } from '../../media/index.ts';
import { FrameMemory } from './frame-memory.ts';
import type { FrameDepacketizer, FrameSink, VideoFormat } from './types.ts';
import { vpConfiguration } from './vp-configuration.ts';

/** RFC 6386 §9.1: frame tag of three bytes, start code, two times 14 bits of size. */
const KEY_FRAME_HEADER_BYTES = 10;

/** Bytes of the payload descriptor (RFC 7741 §4.2); undefined where the payload is shorter. */
function descriptorBytes(packet: Buffer, start: number, end: number): number | undefined {
  if ((packet[start]! & 0x80) === 0) return start + 1 < end ? 1 : undefined;
  if (start + 2 > end) return undefined;
  const extension = packet[start + 1]!;
  let bytes = 2;
  if ((extension & 0x80) !== 0) {
    if (start + bytes >= end) return undefined;
    bytes += (packet[start + bytes]! & 0x80) === 0 ? 1 : 2;
  }
  if ((extension & 0x40) !== 0) bytes += 1;
  if ((extension & 0x30) !== 0) bytes += 1;
  return start + bytes < end ? bytes : undefined;
}

/** RFC 7741 payloads → VP8 frames. */
export class Vp8Depacketizer implements FrameDepacketizer {
  readonly #sink: FrameSink;
  readonly #memory = new FrameMemory();
  #timestamp = -1;
  #open = false;
  #format: VideoFormat | undefined;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  push(view: RtpView): void {
    const { packet, payloadStart, payloadEnd, timestamp, marker } = view;
    // RFC 7741 §4.1: an empty payload is allowed.
    if (payloadStart >= payloadEnd) return;
    const skip = descriptorBytes(packet, payloadStart, payloadEnd);
    if (skip === undefined) return this.#drop('payload_truncated');
    // S bit and partition index 0 begin a frame.
    if ((packet[payloadStart]! & 0x17) === 0x10) {
      if (this.#open) this.#drop('frame_incomplete');
      this.#memory.clear();
      this.#open = true;
      this.#timestamp = timestamp;
    } else if (!this.#open) {
      this.#sink.onPayloadError('fragment_without_start');
      return;
    }
    if (timestamp !== this.#timestamp) return this.#drop('frame_incomplete');
    if (!this.#memory.append(packet, payloadStart + skip, payloadEnd)) return this.#drop('frame_too_large');
    if (marker) this.#tell();
  }

  gap(): void {
    this.#open = false;
  }

  flush(): void {
    this.#open = false;
  }

  #drop(reason: 'payload_truncated' | 'frame_incomplete' | 'frame_too_large'): void {
    this.#open = false;
    this.#sink.onPayloadError(reason);
  }

  #tell(): void {
    this.#open = false;
    const { data } = this.#memory;
    const timestamp = this.#timestamp;
    if ((data[0]! & 1) !== 0) {
      this.#sink.onFrame({ timestamp, keyFrame: false, data });
      return;
    }
    if (data.length < KEY_FRAME_HEADER_BYTES || data.readUIntBE(3, 3) !== 0x9d012a) {
      this.#sink.onPayloadError('format_unreadable');
      return;
    }
    const width = data.readUInt16LE(6) & 0x3fff;
    const height = data.readUInt16LE(8) & 0x3fff;
    if (this.#format?.width !== width || this.#format.height !== height) {
      this.#format = { encoding: 'VP8', width, height, configuration: vpConfiguration({}) };
    }
    this.#sink.onFrame({ timestamp, keyFrame: true, data, format: this.#format });
  }
}
