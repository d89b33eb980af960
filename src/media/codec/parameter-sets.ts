import type { VideoParameters } from '../pipeline-types.ts';
import { h264NalType, H264_NAL } from './h264-nalu.ts';
import { parseH264Sps } from './h264-sps.ts';
import { h265NalType, H265_NAL } from './h265-nalu.ts';
import { isH265Vps, parseH265Sps } from './h265-sps.ts';

/** Longer ones are not kept. */
const MAX_SET_BYTES = 1024;
const MAX_PPS = 8;

/** The parameter sets seen last, copied, and what they say. They alone decide between H.264 and H.265. */
export class ParameterSets {
  #sps: Buffer | undefined;
  readonly #pps: Buffer[] = [];
  #vps: Buffer | undefined;
  #freshPps = false;
  parameters: VideoParameters | undefined;

  /** To be called before the units of an access unit: its PPS replace the ones before. */
  beginUnit(): void {
    this.#freshPps = true;
  }

  /** SPS and PPS (H.264) to put before an IDR that came without. */
  get h264Sets(): readonly Buffer[] {
    return this.#sps === undefined ? [] : [this.#sps, ...this.#pps];
  }

  /** What is known now, with the sets themselves where there are both kinds. */
  get described(): VideoParameters | undefined {
    if (this.parameters?.codec !== 'h264' || this.#pps.length === 0) return this.parameters;
    return { ...this.parameters, spropParameterSets: this.h264Sets.map((set) => set.toString('base64')).join(',') };
  }

  /** Takes note of a NAL unit in `bytes[start, end)`; true when `parameters` changed. */
  note(bytes: Buffer, start: number, end: number): boolean {
    if (end - start > MAX_SET_BYTES) return false;
    const first = bytes[start]!;
    const isH265 = this.parameters?.codec === 'h265';
    if (!isH265 && h264NalType(first) === H264_NAL.pps) this.#notePps(bytes, start, end);
    if ((first & 0x9f) === H264_NAL.sps) return this.#noteH264Sps(bytes, start, end);
    if ((first & 0x81) !== 0) return false;
    const type = h265NalType(first);
    if (type === H265_NAL.vps && isH265Vps(bytes.subarray(start, end))) this.#vps = copyOf(bytes, start, end);
    return type === H265_NAL.sps && (isH265 || this.#vps !== undefined || this.parameters === undefined)
      ? this.#noteH265Sps(bytes, start, end)
      : false;
  }

  #notePps(bytes: Buffer, start: number, end: number): void {
    if (this.#freshPps) this.#pps.length = 0;
    this.#freshPps = false;
    if (this.#pps.length < MAX_PPS) this.#pps.push(copyOf(bytes, start, end));
  }

  #noteH264Sps(bytes: Buffer, start: number, end: number): boolean {
    if (this.parameters?.codec === 'h264' && this.#sps !== undefined && isSame(this.#sps, bytes, start, end))
      return false;
    const nalu = copyOf(bytes, start, end);
    const sps = parseH264Sps(nalu);
    if (sps === undefined) return false;
    this.#sps = nalu;
    this.#vps = undefined;
    const { profileLevelId, width, height } = sps;
    return this.#change({ codec: 'h264', profileLevelId, width, height });
  }

  #noteH265Sps(bytes: Buffer, start: number, end: number): boolean {
    if (this.parameters?.codec === 'h265' && this.#sps !== undefined && isSame(this.#sps, bytes, start, end))
      return false;
    const nalu = copyOf(bytes, start, end);
    const sps = parseH265Sps(nalu);
    if (sps === undefined) return false;
    this.#sps = nalu;
    return this.#change({ codec: 'h265', width: sps.width, height: sps.height });
  }

  #change(parameters: VideoParameters): boolean {
    const before = this.parameters;
    this.parameters = parameters;
    return (
      before === undefined ||
      before.codec !== parameters.codec ||
      before.width !== parameters.width ||
      before.height !== parameters.height ||
      before.profileLevelId !== parameters.profileLevelId
    );
  }
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  return Buffer.from(bytes.subarray(start, end));
}

function isSame(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  return known.length === end - start && known.compare(bytes, start, end) === 0;
}
