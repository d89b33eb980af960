import type { RtpView } from '../../media/index.ts';
import { HeaderBits } from './bits.ts';
import { FrameMemory } from './frame-memory.ts';
import type { FrameDepacketizer, FrameSink, PayloadError, VideoFormat } from './types.ts';
import { parseVp9Header, type Vp9Header } from './vp9-header.ts';
import { vpConfiguration } from './vp-configuration.ts';

/** RFC 9628 §4.2, first byte: I P L F B E V Z. */
const PICTURE_ID = 0x80;
const LAYER_INDICES = 0x20;
const FLEXIBLE = 0x10;
const BEGINS = 0x08;
const ENDS = 0x04;
const SCALABILITY = 0x02;
const INTER_PICTURE = 0x40;
/** RFC 9628 §4.2: three reference indices; eight spatial layers. */
const MAX_REFERENCES = 3;
const MAX_LAYERS = 8;

/** Bytes of the payload descriptor (RFC 9628 §4.2); undefined where it does not fit. */
function descriptorBytes(packet: Buffer, start: number, end: number): number | undefined {
  const first = packet[start]!;
  let at = start + 1;
  if ((first & PICTURE_ID) !== 0) at += (packet[at]! & 0x80) === 0 ? 1 : 2;
  if ((first & LAYER_INDICES) !== 0) at += (first & FLEXIBLE) === 0 ? 2 : 1;
  if ((first & (FLEXIBLE | INTER_PICTURE)) === (FLEXIBLE | INTER_PICTURE)) {
    let references = 0;
    while (at < end && references < MAX_REFERENCES) {
      references += 1;
      if ((packet[at++]! & 1) === 0) break;
    }
  }
  if ((first & SCALABILITY) !== 0 && at < end) at += scalabilityBytes(packet.subarray(at, end));
  return at < end ? at - start : undefined;
}

/** Scalability structure, RFC 9628 §4.2.1. */
function scalabilityBytes(bytes: Buffer): number {
  const bits = new HeaderBits(bytes);
  const layers = bits.bits(3) + 1;
  const hasSizes = bits.flag();
  const hasGroup = bits.flag();
  bits.skip(3);
  if (hasSizes) bits.skip(layers * 32);
  if (hasGroup) {
    const pictures = bits.bits(8);
    for (let picture = 0; picture < pictures && !bits.exhausted; picture++) {
      bits.skip(4);
      const references = bits.bits(2);
      bits.skip(2 + references * 8);
    }
  }
  return bits.position / 8;
}

/** RFC 9628 payloads → VP9 pictures; the frames of several spatial layers become one superframe. */
export class Vp9Depacketizer implements FrameDepacketizer {
  readonly #sink: FrameSink;
  readonly #memory = new FrameMemory();
  readonly #frameStarts: number[] = [];
  #timestamp = -1;
  #open = false;
  #inFrame = false;
  #header: Vp9Header | undefined;
  #format: VideoFormat | undefined;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  push(view: RtpView): void {
    const { packet, payloadStart, payloadEnd, timestamp, marker } = view;
    if (payloadStart >= payloadEnd) return;
    const skip = descriptorBytes(packet, payloadStart, payloadEnd);
    if (skip === undefined) return this.#drop('payload_truncated');
    const first = packet[payloadStart]!;
    if (this.#open && timestamp !== this.#timestamp) this.#drop('frame_incomplete');
    if ((first & BEGINS) !== 0) {
      this.#begin(timestamp);
    } else if (!this.#inFrame) {
      this.#sink.onPayloadError('fragment_without_start');
      return;
    }
    if (!this.#memory.append(packet, payloadStart + skip, payloadEnd)) return this.#drop('frame_too_large');
    if ((first & ENDS) !== 0) this.#inFrame = false;
    if (marker) this.#tell();
  }

  gap(): void {
    this.#open = false;
    this.#inFrame = false;
  }

  flush(): void {
    this.gap();
  }

  #begin(timestamp: number): void {
    if (this.#inFrame || this.#frameStarts.length >= MAX_LAYERS) this.#drop('frame_incomplete');
    if (!this.#open) {
      this.#open = true;
      this.#timestamp = timestamp;
      this.#memory.clear();
      this.#frameStarts.length = 0;
    }
    this.#frameStarts.push(this.#memory.length);
    this.#inFrame = true;
  }

  #drop(reason: PayloadError): void {
    this.#open = false;
    this.#inFrame = false;
    this.#frameStarts.length = 0;
    this.#sink.onPayloadError(reason);
  }

  #tell(): void {
    if (this.#inFrame) return this.#drop('frame_incomplete');
    this.#open = false;
    this.#header = parseVp9Header(this.#memory.data);
    if (this.#header === undefined) return this.#drop('format_unreadable');
    if (this.#frameStarts.length > 1 && !this.#appendIndex()) return this.#drop('frame_too_large');
    const { data } = this.#memory;
    const timestamp = this.#timestamp;
    if (!this.#header.keyFrame) this.#sink.onFrame({ timestamp, keyFrame: false, data });
    else this.#sink.onFrame({ timestamp, keyFrame: true, data, format: this.#formatOf(this.#header) });
  }

  /** Superframe index, VP9 bitstream annex B: marker, sizes of four bytes, marker. */
  #appendIndex(): boolean {
    const starts = this.#frameStarts;
    const total = this.#memory.length;
    const marker = 0xc0 | (3 << 3) | (starts.length - 1);
    let fits = this.#memory.appendByte(marker);
    for (const [index, start] of starts.entries()) {
      const size = (starts[index + 1] ?? total) - start;
      for (const shift of [0, 8, 16, 24]) fits &&= this.#memory.appendByte((size >>> shift) & 0xff);
    }
    return fits && this.#memory.appendByte(marker);
  }

  #formatOf(header: Vp9Header): VideoFormat {
    const { width, height } = header;
    const configuration = vpConfiguration(header);
    const known = this.#format;
    if (known?.width === width && known.height === height && known.configuration.equals(configuration)) return known;
    this.#format = { encoding: 'VP9', width, height, configuration };
    return this.#format;
  }
}
