/** RFC 2326 §10.12. */
const DOLLAR = 0x24;
const FRAME_HEADER_BYTES = 4;
/** RFC 3550 §5.1, of the second byte; with video the last packet of a picture. */
const MARKER_BIT = 0x80;
const MAX_HELD_BYTES = 32_768;

/**
 * Interleaved packets of one publisher, gathered and handed on in one piece, with the numbers of the tracks in place of
 * the channels that it chose: `2 * track` for RTP, the next one for RTCP. A picture is of no use before its last packet.
 */
export class PacketCollector {
  readonly #channels = new Map<number, number>();
  readonly #isVideo: (track: number) => boolean;
  #waiting: { readonly channel: number; readonly packet: Buffer }[] = [];
  #bytes = 0;
  #due = false;
  /** Packets on channels that nobody has set up. */
  stray = 0;

  constructor(isVideo: (track: number) => boolean) {
    this.#isVideo = isVideo;
  }

  /** Undefined = nothing waits; true = it is to be handed on now, not only soon. */
  get due(): boolean | undefined {
    return this.#waiting.length === 0 ? undefined : this.#due;
  }

  /** True where neither channel belongs to another track. */
  isFree(pair: readonly [number, number]): boolean {
    return !pair.some((channel) => this.#channels.has(channel));
  }

  assign(track: number, [rtp, rtcp]: readonly [number, number]): void {
    this.#channels.set(rtp, track * 2);
    this.#channels.set(rtcp, track * 2 + 1);
  }

  /** The packet has to stay as it is until `take`. */
  add(channel: number, packet: Buffer): void {
    const own = this.#channels.get(channel);
    if (own === undefined) {
      this.stray += 1;
      return;
    }
    this.#waiting.push({ channel: own, packet });
    this.#bytes += FRAME_HEADER_BYTES + packet.length;
    const picture = own % 2 === 0 && this.#isVideo(own / 2) && ((packet[1] ?? 0) & MARKER_BIT) === 0;
    this.#due ||= !picture || this.#bytes >= MAX_HELD_BYTES;
  }

  /** All that was gathered, in memory of its own; undefined where that is nothing. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#waiting.length === 0) return undefined;
    const framed = new Uint8Array(this.#bytes);
    let at = 0;
    for (const { channel, packet } of this.#waiting) {
      framed[at] = DOLLAR;
      framed[at + 1] = channel;
      framed[at + 2] = packet.length >> 8;
      framed[at + 3] = packet.length & 0xff;
      framed.set(packet, at + FRAME_HEADER_BYTES);
      at += FRAME_HEADER_BYTES + packet.length;
    }
    this.#waiting = [];
    this.#bytes = 0;
    this.#due = false;
    return framed;
  }

  /** The publisher's own channel of a frame for it. */
  outward(framed: Uint8Array): Uint8Array | undefined {
    const [channel] = [...this.#channels].find(([, own]) => own === framed[1]) ?? [];
    if (channel === undefined) return undefined;
    framed[1] = channel;
    return framed;
  }
}
