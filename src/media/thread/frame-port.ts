import type { FramedPackets, TrackKind } from '../types.ts';
import type { OutputPort, OutputPortEvents } from './output-port.ts';

/** RFC 2326 §10.12: `$`, channel, 16-bit length. */
const DOLLAR = 0x24;
const FRAME_HEADER_BYTES = 4;
const START_BYTES = 65_536;
/** A larger frame is told in parts. */
const MAX_BYTES = 1_048_576;

/** Channels of the frames: video RTP, video RTCP, audio RTP, audio RTCP. */
const CHANNEL: Readonly<Record<TrackKind, number>> = { video: 0, audio: 2 };

/** Collects packets, framed for RTSP's interleaved channels, and tells them once for each video frame. */
export class FramePort implements OutputPort {
  readonly paced = false;
  readonly takesBundles = false;
  readonly #onFrames: (frames: FramedPackets) => void;
  #buffer = Buffer.allocUnsafeSlow(START_BYTES);
  #length = 0;
  #keyFrame = false;

  constructor(onFrames: (frames: FramedPackets) => void) {
    this.#onFrames = onFrames;
  }

  open(events: OutputPortEvents): void {
    events.onReady({ rtp: 0, rtcp: 0 });
  }

  sendRtp(kind: TrackKind, packet: Buffer): void {
    this.#append(CHANNEL[kind], packet);
  }

  sendRtcp(kind: TrackKind, packet: Buffer): void {
    this.#append(CHANNEL[kind] + 1, packet);
  }

  beginKeyFrame(): void {
    this.#flush();
    this.#keyFrame = true;
  }

  endFrame(): void {
    this.#flush();
  }

  /** Sound without pictures. */
  tick(): void {
    if (!this.#keyFrame) this.#flush();
  }

  close(): void {
    this.#length = 0;
    this.#buffer = Buffer.alloc(0);
  }

  #append(channel: number, packet: Buffer): void {
    const bytes = packet.length + FRAME_HEADER_BYTES;
    if (this.#length + bytes > MAX_BYTES) this.#flush();
    if (this.#length + bytes > this.#buffer.length) this.#grow(this.#length + bytes);
    const at = this.#length;
    this.#buffer[at] = DOLLAR;
    this.#buffer[at + 1] = channel;
    this.#buffer[at + 2] = packet.length >>> 8;
    this.#buffer[at + 3] = packet.length & 0xff;
    packet.copy(this.#buffer, at + FRAME_HEADER_BYTES);
    this.#length += bytes;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }

  #flush(): void {
    if (this.#length === 0) return;
    // Memory of its own: it is handed over to another thread.
    const data = new Uint8Array(this.#length);
    data.set(this.#buffer.subarray(0, this.#length));
    const keyFrame = this.#keyFrame;
    this.#length = 0;
    this.#keyFrame = false;
    this.#onFrames({ data, keyFrame });
  }
}
