import { parseH264Sps } from '../../media/index.ts';
import { HeaderBits } from './bits.ts';
import { MAX_PARAMETER_SET_BYTES, NaluDepacketizer, sizedNalu, type NaluSyntax } from './nalu-depacketizer.ts';
import type { FrameSink, VideoFormat } from './types.ts';

/** nal_unit_type, H.264 table 7-1. */
const IDR = 5;
const SPS = 7;
const PPS = 8;
const ACCESS_UNIT_DELIMITER = 9;
const FILLER = 12;
const MAX_PICTURE_PARAMETER_SET_ID = 255;
/** AVCDecoderConfigurationRecord counts them in a byte; no encoder has so many. */
const MAX_PICTURE_PARAMETER_SETS = 32;

/** RFC 6184 §5.2. */
const H264: NaluSyntax = {
  headerBytes: 1,
  aggregation: 24,
  fragmentation: 28,
  typeOf: (firstByte) => firstByte & 0x1f,
  firstByteOf: (payloadByte, fuHeader) => (payloadByte & 0xe0) | (fuHeader & 0x1f),
  isUnit: (type) => type >= 1 && type <= 23,
  isVcl: (type) => type >= 1 && type <= IDR,
  // A recovery point has its SPS too; mediasoup takes the same for a key frame.
  isKey: (type) => type === IDR || type === SPS,
  isParameterSet: (type) => type === SPS || type === PPS,
  isLeftOut: (type) => type === ACCESS_UNIT_DELIMITER || type === FILLER,
};

/** RFC 6184 payloads → access units. Key frames always carry their parameter sets. */
export class H264Depacketizer extends NaluDepacketizer {
  #sps: Buffer | undefined;
  #pps = new Map<number, Buffer>();
  #format: VideoFormat | undefined;

  /** @param spropParameterSets RFC 6184 §8.1 */
  constructor(sink: FrameSink, spropParameterSets?: string) {
    super(sink, H264);
    for (const set of spropParameterSets?.split(',').slice(0, MAX_PICTURE_PARAMETER_SETS) ?? []) {
      const nalu = Buffer.from(set.trim(), 'base64');
      if (nalu.length > 0) this.keepParameterSet(nalu[0]! & 0x1f, nalu);
    }
  }

  protected format(): VideoFormat | undefined {
    this.#format ??= formatOf(this.#sps, [...this.#pps.values()]);
    return this.#format;
  }

  protected setsInSamples(): readonly Buffer[] {
    return [...(this.#sps === undefined ? [] : [this.#sps]), ...this.#pps.values()];
  }

  protected keepParameterSet(type: number, nalu: Buffer): void {
    if (nalu.length < 2 || nalu.length > MAX_PARAMETER_SET_BYTES) return;
    if (type === SPS) {
      if (nalu.length < 5 || this.#sps?.equals(nalu) === true) return;
      this.#sps = Buffer.from(nalu);
      this.#format = undefined;
      return;
    }
    if (type !== PPS) return;
    const id = pictureParameterSetId(nalu);
    if (id > MAX_PICTURE_PARAMETER_SET_ID) return;
    if (this.#pps.get(id)?.equals(nalu) === true) return;
    if (this.#pps.size >= MAX_PICTURE_PARAMETER_SETS) this.#pps.clear();
    this.#pps.set(id, Buffer.from(nalu));
    this.#format = undefined;
  }
}

/** pic_parameter_set_id, the first ue(v) behind the NAL header (H.264 7.3.2.2). */
function pictureParameterSetId(nalu: Buffer): number {
  const bits = new HeaderBits(nalu.subarray(1, 5));
  let zeros = 0;
  while (zeros < 9 && !bits.flag()) zeros += 1;
  return 2 ** zeros - 1 + bits.bits(zeros);
}

/** AVCDecoderConfigurationRecord, ISO/IEC 14496-15 5.3.3.1. */
function formatOf(sps: Buffer | undefined, pps: readonly Buffer[]): VideoFormat | undefined {
  const size = sps === undefined ? undefined : parseH264Sps(sps);
  if (sps === undefined || size === undefined || pps.length === 0) return undefined;
  const configuration = Buffer.concat([
    Buffer.from([1, sps[1]!, sps[2]!, sps[3]!, 0xff, 0xe1]),
    sizedNalu(sps),
    Buffer.from([pps.length]),
    ...pps.map((nalu) => sizedNalu(nalu)),
  ]);
  return { encoding: 'H264', width: size.width, height: size.height, configuration };
}
