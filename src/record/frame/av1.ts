import type { RtpView } from '../../media/index.ts';
import { parseAv1SequenceHeader } from './av1-sequence-header.ts';
import { FrameMemory } from './frame-memory.ts';
import { formatLeb128, readLeb128 } from './leb128.ts';
import type { FrameDepacketizer, FrameSink, PayloadError, VideoFormat } from './types.ts';

/** RTP payload format for AV1, 4.4: Z Y W W N. */
const CONTINUES = 0x80;
const CONTINUED = 0x40;
/** AV1 bitstream 6.2.2. */
const OBU = { sequenceHeader: 1, temporalDelimiter: 2, frameHeader: 3, frame: 6, tileList: 8, padding: 15 } as const;
const HAS_SIZE = 0x02;
const HAS_EXTENSION = 0x04;

const typeOf = (header: number): number => (header >> 3) & 0x0f;

/**
 * AV1 payloads → temporal units in the low-overhead format without temporal delimiters, as Matroska and ISO files have
 * them (AV1 in ISO BMFF 2.4).
 */
export class Av1Depacketizer implements FrameDepacketizer {
  readonly #sink: FrameSink;
  readonly #unit = new FrameMemory();
  readonly #obu = new FrameMemory();
  #timestamp = -1;
  #open = false;
  #broken = false;
  #inObu = false;
  #sequenceHeader: Buffer | undefined;
  #hasSequenceHeader = false;
  #frameSeen = false;
  #keyFrame = false;
  #format: VideoFormat | undefined;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  push(view: RtpView): void {
    const { packet, payloadStart, payloadEnd, timestamp, marker } = view;
    if (payloadStart >= payloadEnd) return;
    if (timestamp !== this.#timestamp || !this.#open) this.#begin(timestamp);
    this.#pushElements(packet.subarray(payloadStart, payloadEnd));
    if (marker) this.#end();
  }

  gap(): void {
    this.#broken = true;
    this.#inObu = false;
  }

  flush(): void {
    this.#open = false;
  }

  #begin(timestamp: number): void {
    if (this.#open && this.#unit.length > 0 && !this.#broken) this.#break('frame_incomplete');
    this.#open = true;
    this.#broken = false;
    this.#timestamp = timestamp;
    this.#unit.clear();
    this.#inObu = false;
    this.#hasSequenceHeader = false;
    this.#frameSeen = false;
    this.#keyFrame = false;
  }

  #pushElements(payload: Buffer): void {
    const header = payload[0]!;
    const count = (header >> 4) & 3;
    let at = 1;
    for (let index = 0; at < payload.length; index++) {
      const last = count > 0 && index === count - 1;
      let end = payload.length;
      if (!last) {
        const size = readLeb128(payload, at);
        if (size === undefined || size.next + size.value > payload.length) return this.#break('payload_truncated');
        at = size.next;
        end = at + size.value;
      }
      const continues = index === 0 && (header & CONTINUES) !== 0;
      const continued = end === payload.length && (header & CONTINUED) !== 0;
      this.#pushElement(payload.subarray(at, end), continues, continued);
      at = end;
    }
  }

  #pushElement(element: Buffer, continues: boolean, continued: boolean): void {
    if (continues) {
      if (!this.#inObu) return this.#broken ? undefined : this.#break('fragment_without_start');
    } else {
      if (this.#inObu) this.#break('frame_incomplete');
      this.#obu.clear();
    }
    this.#inObu = continued;
    if (!this.#obu.append(element, 0, element.length)) return this.#break('frame_too_large');
    if (!continued) this.#endObu(this.#obu.data);
  }

  #endObu(obu: Buffer): void {
    const header = obu[0];
    if (header === undefined) return;
    const type = typeOf(header);
    if (type === OBU.temporalDelimiter || type === OBU.tileList || type === OBU.padding) return;
    let start = (header & HAS_EXTENSION) === 0 ? 1 : 2;
    const headerBytes = start;
    let end = obu.length;
    if ((header & HAS_SIZE) !== 0) {
      const size = readLeb128(obu, start);
      if (size === undefined || size.next + size.value > obu.length) return this.#break('payload_truncated');
      start = size.next;
      end = start + size.value;
    }
    if (end < start) return this.#break('payload_truncated');
    this.#look(type, obu.subarray(start, end));
    const size = formatLeb128(end - start);
    const fits =
      this.#unit.appendByte(header | HAS_SIZE) &&
      this.#unit.append(obu, 1, headerBytes) &&
      this.#unit.append(size, 0, size.length) &&
      this.#unit.append(obu, start, end);
    if (!fits) this.#break('frame_too_large');
  }

  #look(type: number, payload: Buffer): void {
    if (type === OBU.sequenceHeader) {
      this.#hasSequenceHeader = true;
      if (this.#sequenceHeader?.equals(payload) === true) return;
      this.#sequenceHeader = Buffer.from(payload);
      this.#format = undefined;
    } else if ((type === OBU.frame || type === OBU.frameHeader) && !this.#frameSeen) {
      this.#frameSeen = true;
      // show_existing_frame is 0, frame_type is KEY_FRAME (AV1 bitstream 5.9.2).
      this.#keyFrame = payload.length > 0 && (payload[0]! & 0xe0) === 0;
    }
  }

  #break(reason: PayloadError): void {
    this.#broken = true;
    this.#inObu = false;
    this.#sink.onPayloadError(reason);
  }

  #end(): void {
    if (this.#inObu) this.#break('frame_incomplete');
    this.#open = false;
    if (this.#broken || !this.#frameSeen) return;
    const { data } = this.#unit;
    const timestamp = this.#timestamp;
    if (!this.#keyFrame || !this.#hasSequenceHeader || this.#sequenceHeader === undefined) {
      this.#sink.onFrame({ timestamp, keyFrame: false, data });
      return;
    }
    this.#format ??= formatOf(this.#sequenceHeader);
    if (this.#format === undefined) this.#sink.onPayloadError('format_unreadable');
    else this.#sink.onFrame({ timestamp, keyFrame: true, data, format: this.#format });
  }
}

/** AV1CodecConfigurationRecord, AV1 in ISO BMFF 2.3. */
function formatOf(sequenceHeader: Buffer): VideoFormat | undefined {
  const header = parseAv1SequenceHeader(sequenceHeader);
  if (header === undefined) return undefined;
  const { profile, level, tier, highBitDepth, twelveBit, monochrome, subsamplingX, subsamplingY } = header;
  const flags =
    (tier << 7) |
    (Number(highBitDepth) << 6) |
    (Number(twelveBit) << 5) |
    (Number(monochrome) << 4) |
    (Number(subsamplingX) << 3) |
    (Number(subsamplingY) << 2) |
    header.samplePosition;
  const obu = Buffer.from([(OBU.sequenceHeader << 3) | HAS_SIZE, ...formatLeb128(sequenceHeader.length)]);
  const configuration = Buffer.concat([Buffer.from([0x81, (profile << 5) | level, flags, 0]), obu, sequenceHeader]);
  return { encoding: 'AV1', width: header.width, height: header.height, configuration };
}
