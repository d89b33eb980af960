import { ALAW_TO_ULAW, ULAW_TO_ALAW } from '../codec/g711.ts';
import type { AudioPacketizer, PacketSink } from '../pipeline-types.ts';
import type { AudioFrame, PlayableAudio } from '../types.ts';
import { RtpWriter } from './rtp-writer.ts';

/** RFC 3551 §4.2: 20 ms at 8 kHz. */
const PACKET_BYTES = 160;
const RTP_HEADER_BYTES = 12;
const CLOCK_RATIO = 90_000 / 8000;
/** 60 ms at 8 kHz. */
const MAX_DRIFT = 480;
const FIRST_BUFFER_BYTES = 2048;

export interface G711PacketizerOptions {
  readonly ssrc: number;
  readonly payloadType: number;
  /** What goes out; frames of the other law are converted. */
  readonly output: PlayableAudio;
}

/** A packetizer for PCMA or PCMU; frames of another codec are ignored. */
export function createG711Packetizer(options: G711PacketizerOptions): AudioPacketizer {
  return new G711Packetizer(options);
}

class G711Packetizer implements AudioPacketizer {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly #output: PlayableAudio;
  readonly #writer: RtpWriter;
  readonly #timestampOffset = Math.floor(Math.random() * 0x1_0000_0000);
  /** Bytes that do not fill a packet yet. */
  readonly #rest = Buffer.alloc(PACKET_BYTES);
  #restLength = 0;
  /** 8 kHz time of the next packet's first sample. */
  #next = 0;
  #started = false;
  #marker = false;

  constructor({ ssrc, payloadType, output }: G711PacketizerOptions) {
    this.ssrc = ssrc;
    this.payloadType = payloadType;
    this.#output = output;
    this.#writer = new RtpWriter(ssrc, payloadType, FIRST_BUFFER_BYTES);
  }

  packetize(frame: AudioFrame, sink: PacketSink): void {
    if ((frame.codec !== 'pcma' && frame.codec !== 'pcmu') || frame.payload.length === 0) return;
    this.#follow(Math.round(frame.pts90k / CLOCK_RATIO));
    const { payload } = frame;
    const total = this.#restLength + payload.length;
    const count = Math.floor(total / PACKET_BYTES);
    this.#writer.reset(count * (RTP_HEADER_BYTES + PACKET_BYTES));
    let at = 0;
    for (let index = 0; index < count; index++) {
      at += this.#writePacket(frame, at, sink);
    }
    this.#restLength += payload.copy(this.#rest, this.#restLength, at);
    if (at < payload.length)
      this.#convert(this.#rest, this.#restLength - (payload.length - at), this.#restLength, frame);
  }

  /**
   * The packets' clock counts samples; it is set anew where the frame's time is more than 60 ms off, which starts a talk
   * spurt (RFC 3551 §4.1).
   */
  #follow(time: number): void {
    if (this.#started && Math.abs(time - (this.#next + this.#restLength)) <= MAX_DRIFT) return;
    this.#started = true;
    this.#restLength = 0;
    this.#next = time;
    this.#marker = true;
  }

  /** Returns how many bytes of the frame went into the packet. */
  #writePacket(frame: AudioFrame, at: number, sink: PacketSink): number {
    const writer = this.#writer;
    const marker = this.#marker;
    this.#marker = false;
    const taken = PACKET_BYTES - this.#restLength;
    writer.begin((this.#next + this.#timestampOffset) % 0x1_0000_0000, marker);
    if (this.#restLength > 0) writer.copy(this.#rest, 0, this.#restLength);
    const start = writer.length;
    writer.copy(frame.payload, at, at + taken);
    this.#convert(writer.buffer, start, writer.length, frame);
    this.#restLength = 0;
    this.#next += PACKET_BYTES;
    sink(writer.buffer, writer.packetStart, writer.length, marker);
    return taken;
  }

  #convert(buffer: Buffer, start: number, end: number, frame: AudioFrame): void {
    if (frame.codec === this.#output) return;
    const table = this.#output === 'pcmu' ? ALAW_TO_ULAW : ULAW_TO_ALAW;
    for (let at = start; at < end; at++) buffer[at] = table[buffer[at]!]!;
  }
}
