import { parseH265Sps } from '../../media/index.ts';
import { MAX_PARAMETER_SET_BYTES, NaluDepacketizer, sizedNalu, type NaluSyntax } from './nalu-depacketizer.ts';
import type { FrameSink, VideoFormat } from './types.ts';

/** nal_unit_type, H.265 table 7-1: intra random access pictures, parameter sets, delimiter and filler. */
const FIRST_IRAP = 16;
const LAST_IRAP = 23;
const VPS = 32;
const PPS = 34;
const ACCESS_UNIT_DELIMITER = 35;
const FILLER = 38;

/** RFC 7798 §4.4. */
const H265: NaluSyntax = {
  headerBytes: 2,
  aggregation: 48,
  fragmentation: 49,
  typeOf: (firstByte) => (firstByte >> 1) & 0x3f,
  firstByteOf: (payloadByte, fuHeader) => (payloadByte & 0x81) | ((fuHeader & 0x3f) << 1),
  isUnit: (type) => type < 48,
  isVcl: (type) => type < VPS,
  isKey: (type) => type >= FIRST_IRAP && type <= LAST_IRAP,
  isParameterSet: (type) => type >= VPS && type <= PPS,
  isLeftOut: (type) => type === ACCESS_UNIT_DELIMITER || type === FILLER,
};

/**
 * RFC 7798 payloads → access units. The parameter sets are in the file's header (`hvc1`, which alone all players take);
 * once they have changed they are in the key frames as well.
 */
export class H265Depacketizer extends NaluDepacketizer {
  /** By their type: cameras have one of each. */
  readonly #sets = new Map<number, Buffer>();
  #format: VideoFormat | undefined;
  #told = false;
  #changed = false;

  constructor(sink: FrameSink) {
    super(sink, H265);
  }

  protected format(): VideoFormat | undefined {
    this.#format ??= formatOf(this.#setsInOrder());
    this.#told ||= this.#format !== undefined;
    return this.#format;
  }

  protected setsInSamples(): readonly Buffer[] {
    return this.#changed ? this.#setsInOrder() : [];
  }

  protected keepParameterSet(type: number, nalu: Buffer): void {
    if (nalu.length < 3 || nalu.length > MAX_PARAMETER_SET_BYTES || this.#sets.get(type)?.equals(nalu) === true) return;
    this.#sets.set(type, Buffer.from(nalu));
    this.#format = undefined;
    this.#changed ||= this.#told;
  }

  #setsInOrder(): Buffer[] {
    return [VPS, VPS + 1, PPS].flatMap((type) => this.#sets.get(type) ?? []);
  }
}

/** HEVCDecoderConfigurationRecord, ISO/IEC 14496-15 8.3.3.1. */
function formatOf(sets: readonly Buffer[]): VideoFormat | undefined {
  const [, sps] = sets;
  const said = sets.length < 3 || sps === undefined ? undefined : parseH265Sps(sps);
  if (said === undefined) return undefined;
  const { width, height, profileTierLevel, chromaFormat, bitDepthLuma, bitDepthChroma } = said;
  const layers = (said.temporalLayers << 3) | (said.temporalIdNested ? 4 : 0);
  const configuration = Buffer.concat([
    Buffer.from([1]),
    profileTierLevel,
    // No spatial segmentation, parallelism unknown; reserved bits are 1.
    Buffer.from([0xf0, 0, 0xfc, 0xfc | chromaFormat, 0xf8 | (bitDepthLuma - 8), 0xf8 | (bitDepthChroma - 8)]),
    // Frame rate unknown, lengths of four bytes.
    Buffer.from([0, 0, layers | 3, sets.length]),
    // All of a type are here, and there is one.
    ...sets.flatMap((nalu) => [Buffer.from([0x80 | H265.typeOf(nalu[0]!), 0, 1]), sizedNalu(nalu)]),
  ]);
  return { encoding: 'H265', width, height, configuration };
}
