import { PS_STREAM_TYPE, PsMuxer, writePsStamp } from '../../src/media/ps/muxer.ts';
import type { PsBytes } from '../../src/media/ps/muxer-syntax.ts';

const START_CODE = Buffer.from([0, 0, 0, 1]);
const FRAME_TICKS = 3600;
const RTP_HEADER_BYTES = 12;
const PAYLOAD_BYTES = 1400;

/** Bits of H.264 9.1, written to bytes with the RBSP stop bit. */
class BitWriter {
  #bits = '';

  fixed(value: number, count: number): this {
    this.#bits += value.toString(2).padStart(count, '0');
    return this;
  }

  ue(value: number): this {
    const code = (value + 1).toString(2);
    this.#bits += '0'.repeat(code.length - 1) + code;
    return this;
  }

  finish(): Buffer {
    const bits = `${this.#bits}1`;
    const bytes = Math.ceil(bits.length / 8);
    const padded = bits.padEnd(bytes * 8, '0');
    return Buffer.from(
      Array.from({ length: bytes }, (_, index) => Number.parseInt(padded.slice(index * 8, index * 8 + 8), 2)),
    );
  }
}

/** A Baseline SPS of this size in macroblocks (H.264 7.3.2.1.1). */
function sps(widthMbs: number, heightMbs: number): Buffer {
  const bits = new BitWriter().ue(0).ue(0).ue(2).ue(1).fixed(0, 1);
  bits
    .ue(widthMbs - 1)
    .ue(heightMbs - 1)
    .fixed(0b11, 2)
    .fixed(0, 1)
    .fixed(0, 1);
  return Buffer.concat([Buffer.from([0x67, 0x42, 0xe0, 0x1f]), bits.finish()]);
}

const PPS = Buffer.from([0x68, 0xce, 0x3c, 0x80]);

/** A NAL unit of `bytes` whose slice starts a picture, without start codes inside. */
function slice(header: number, bytes: number): Buffer {
  const nalu = Buffer.alloc(bytes, 0x5a);
  nalu[0] = header;
  // first_mb_in_slice 0, slice_type 7 (I) or 5 (P), pps id 0.
  nalu[1] = header === 0x65 ? 0x88 : 0x9a;
  return nalu;
}

export interface SyntheticOptions {
  readonly framesPerGop?: number;
  readonly keyFrameBytes?: number;
  readonly frameBytes?: number;
  /** G.711A, 320 bytes with every frame; default true. */
  readonly audio?: boolean;
  readonly ssrc: number;
  readonly payloadType?: number;
  readonly firstSequenceNumber?: number;
  readonly widthMbs?: number;
}

/** Endless H.264 (not decodable) with G.711A in MPEG-PS over RTP, 25 frames a second, made frame by frame. */
export class SyntheticPs {
  readonly #options: SyntheticOptions;
  readonly #key: PsBytes;
  readonly #other: PsBytes;
  readonly #sound: PsBytes | undefined;
  readonly #framesPerGop: number;
  #frame = 0;
  #sequenceNumber: number;
  /** Makes the next frame a key frame, as an IFrameCmd does. */
  keyFrameNext = false;

  constructor(options: SyntheticOptions) {
    this.#options = options;
    this.#framesPerGop = options.framesPerGop ?? 50;
    this.#sequenceNumber = options.firstSequenceNumber ?? 1000;
    const audio = options.audio ?? true;
    const muxer = new PsMuxer({
      videoStreamType: PS_STREAM_TYPE.h264,
      ...(audio ? { audioStreamType: PS_STREAM_TYPE.pcma } : {}),
    });
    const parameterSets = [START_CODE, sps(options.widthMbs ?? 120, 68), START_CODE, PPS];
    const key = Buffer.concat([...parameterSets, START_CODE, slice(0x65, options.keyFrameBytes ?? 2000)]);
    this.#key = muxer.muxVideo(key, true);
    this.#other = muxer.muxVideo(Buffer.concat([START_CODE, slice(0x41, options.frameBytes ?? 500)]), false);
    this.#sound = audio ? muxer.muxAudio(Buffer.alloc(320, 0xd5)) : undefined;
  }

  get frames(): number {
    return this.#frame;
  }

  /** RTP packets of the next frame, each with its own memory. */
  nextFrame(): Buffer[] {
    const keyFrame = this.keyFrameNext || this.#frame % this.#framesPerGop === 0;
    this.keyFrameNext = false;
    const clock90k = 90_000 + this.#frame * FRAME_TICKS;
    this.#frame += 1;
    const video = this.#packets(keyFrame ? this.#key : this.#other, clock90k);
    return this.#sound === undefined ? video : [...video, ...this.#packets(this.#sound, clock90k)];
  }

  #packets({ bytes, stamps }: PsBytes, clock90k: number): Buffer[] {
    for (const { offset, kind } of stamps) writePsStamp(bytes, offset, kind, clock90k);
    const packets: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += PAYLOAD_BYTES) {
      const payload = bytes.subarray(at, at + PAYLOAD_BYTES);
      const packet = Buffer.allocUnsafe(RTP_HEADER_BYTES + payload.length);
      packet[0] = 0x80;
      packet[1] = (at + PAYLOAD_BYTES >= bytes.length ? 0x80 : 0) | (this.#options.payloadType ?? 96);
      packet.writeUInt16BE(this.#sequenceNumber, 2);
      packet.writeUInt32BE(clock90k % 0x1_0000_0000, 4);
      packet.writeUInt32BE(this.#options.ssrc, 8);
      payload.copy(packet, RTP_HEADER_BYTES);
      this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
      packets.push(packet);
    }
    return packets;
  }
}

/** RFC 4571 §2: each packet behind its length. */
export function frameForTcp(packets: readonly Buffer[]): Buffer {
  return Buffer.concat(
    packets.flatMap((packet) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(packet.length);
      return [length, packet];
    }),
  );
}
